import type { Results } from '../results'
import { allTables } from './all-tables'
import { toMarkdown } from './table'

const begin = '<!-- measured: written by npm run bench -->'
const end = '<!-- /measured -->'

/** Puts new results between the marks of the document; what stands around them is written by hand. */
export function withResults(document: string, results: Results): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the document lacks the marks ${begin} and ${end}`)
  return `${document.slice(0, from + begin.length)}\n\n${renderResults(results)}\n\n${document.slice(to)}`
}

/** Where and how it was measured, then every table. */
export function renderResults(results: Results): string {
  const { date, machine, versions, options, leftOut, problems } = results
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const facts = [
    `Measured ${date.slice(0, 10)} on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, ${machine.platform}; ${programs.join(', ')}.`,
    `${options.rounds} round${options.rounds === 1 ? '' : 's'} of ${options.seconds} s for each figure;`,
    `load average before ${machine.loadBefore}, after ${machine.loadAfter}.`,
    ...leftOut.map(({ system, why }) => `Left out: ${system}, because ${why}.`),
  ]
  const tables = allTables(results).map(([heading, table]) => `### ${heading}\n\n${toMarkdown(table)}`)
  const wrong =
    problems.length === 0 ? [] : [`### What did not add up\n\n${problems.map((problem) => `- ${problem}`).join('\n')}`]
  return [facts.join('\n'), ...tables, ...wrong, memoryLine(results)].filter((part) => part !== '').join('\n\n')
}

/** The most that each of Holdfast's processes took. */
function memoryLine({ runs }: Results): string {
  const most = new Map<string, number>()
  for (const { memory = {} } of runs)
    for (const [name, bytes] of Object.entries(memory)) most.set(name, Math.max(bytes, most.get(name) ?? 0))
  if (most.size === 0) return ''
  const parts = [...most].map(([name, bytes]) => `${name} ${Math.round(bytes / 1e6)} MB`)
  return `Most memory of each of Holdfast's processes right after a load: ${parts.join(', ')}.`
}
