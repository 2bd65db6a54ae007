import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

import type { Results } from '../results'
import { scenarioGroups, summarize } from '../scenarios/index'
import { chartTitle } from './chart'
import { withResults } from './document'

/**
 * Writes `results.json` and the charts into a folder, and the tables into the document beside it (`<folder>.md`) if there
 * is one.
 */
export async function writeReport(results: Results, where: string): Promise<string[]> {
  const folder = resolve(where)
  await mkdir(folder, { recursive: true })
  const files: [string, string][] = [[join(folder, 'results.json'), toJson(results)]]
  const charts = scenarioGroups.flatMap(({ charts }) => charts?.(results) ?? [])
  for (const [name, svg] of charts) files.push([join(folder, `${name}.svg`), svg])
  const document = `${folder}.md`
  const images = charts.map(([name, svg]) => `![${chartTitle(svg)}](${basename(folder)}/${name}.svg)`)
  if (existsSync(document)) files.push([document, withResults(await readFile(document, 'utf8'), results, images)])
  for (const [file, content] of files) await writeFile(file, content)
  return files.map(([file]) => file)
}

/** What an earlier run wrote, with its figures and goals made anew from its runs. */
export async function readResults(folder: string): Promise<Results> {
  const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
  return { ...results, ...summarize(results.runs, results.options) }
}

/** Indented, but a list of numbers is one line. */
function toJson(results: Results): string {
  return `${JSON.stringify(results, null, 2).replaceAll(/\[[\s\d.,e+-]+\]/g, (list) => list.replaceAll(/\s+/g, ' '))}\n`
}
