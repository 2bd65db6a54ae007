import type { Results } from '../results'
import { allTables } from './all-tables'
import { toMarkdown } from './table'

const begin = '<!-- measured: written by npm run bench -->'
const end = '<!-- /measured -->'

/** Puts new results, and the charts as images, between the marks of the document; what stands around them is written by hand. */
export function withResults(document: string, results: Results, images: string[]): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the document lacks the marks ${begin} and ${end}`)
  return `${document.slice(0, from + begin.length)}\n\n${[renderResults(results), ...images].join('\n\n')}\n\n${document.slice(to)}`
}

/** Where and how it was measured, then every table. */
export function renderResults(results: Results): string {
  const { date, minutes, machine, versions, options, leftOut, problems } = results
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const facts = [
    `Measured ${date.slice(0, 10)} on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, ${machine.platform}; ${programs.join(', ')}.`,
    `${options.rounds} round${options.rounds === 1 ? '' : 's'} of ${options.seconds} s for each figure, ${minutes} minutes in all;`,
    `load average before ${machine.loadBefore}, after ${machine.loadAfter}.`,
    ...leftOut.map(({ system, why }) => `Left out: ${system}, because ${why}.`),
  ]
  const tables = allTables(results).map(([heading, table]) => `### ${heading}\n\n${toMarkdown(table)}`)
  const wrong =
    problems.length === 0 ? [] : [`### What did not add up\n\n${problems.map((problem) => `- ${problem}`).join('\n')}`]
  return [facts.join('\n'), ...tables, ...wrong].filter((part) => part !== '').join('\n\n')
}
