import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Results } from '../results'
import { scenarioGroups } from '../scenarios/index'
import { drawChart } from './chart'
import { withResults } from './document'

/**
 * Writes `results.json` and the charts into a folder, and the tables into the document beside it (`<folder>.md`) if there
 * is one.
 */
export async function writeReport(results: Results, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: [string, string][] = [[join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`]]
  for (const [name, chart] of scenarioGroups.flatMap(({ charts }) => charts?.(results) ?? []))
    if (chart.bars.length > 0) files.push([join(folder, `${name}.svg`), drawChart(chart)])
  const document = join(dirname(folder), `${folder.split(/[\\/]/).at(-1)}.md`)
  if (existsSync(document)) files.push([document, withResults(await readFile(document, 'utf8'), results)])
  for (const [file, content] of files) await writeFile(file, content)
  return files.map(([file]) => file)
}
