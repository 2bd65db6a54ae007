import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Results } from '../results'
import { systemTitles } from '../systems/index'
import { type Chart, drawChart } from './chart'
import { withResults } from './document'

/**
 * Writes `results.json` and the charts into a folder, and the tables into the document beside it (`<folder>.md`) if there
 * is one.
 */
export async function writeReport(results: Results, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: [string, string][] = [[join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`]]
  for (const [name, chart] of charts(results)) files.push([join(folder, `${name}.svg`), drawChart(chart)])
  const document = join(dirname(folder), `${folder.split(/[\\/]/).at(-1)}.md`)
  if (existsSync(document)) files.push([document, withResults(await readFile(document, 'utf8'), results)])
  for (const [file, content] of files) await writeFile(file, content)
  return files.map(([file]) => file)
}

function charts({ figures }: Results): [string, Chart][] {
  const hot = figures.filter(({ scenario, system }) => scenario === 'closed-300' && system !== 'nothing')
  const own = figures.filter(({ scenario, system }) => scenario.startsWith('closed-') && system === 'holdfast')
  const sale = figures.find(({ scenario, system }) => scenario === 'sale' && system === 'holdfast')
  const bars = (from: typeof figures, label: (figure: (typeof figures)[number]) => string): Chart['bars'] =>
    from.map((figure) => ({ label: label(figure), value: figure.perSecond, strong: figure.system === 'holdfast' }))
  const all: [string, Chart][] = [
    [
      'one-sku',
      {
        title: 'Reserving one hot SKU over HTTP, 300 connections',
        unit: 'reservations a second',
        bars: bars(hot, ({ system }) => systemTitles[system]),
      },
    ],
    ['connections', { title: 'Holdfast, closed loop', unit: 'reservations a second', bars: bars(own, ({ title }) => title) }],
    [
      'sale',
      {
        title: 'Holdfast, a flash sale of 5,000 units',
        unit: 'answers a second',
        bars: [
          { label: 'while there is stock', value: sale?.reservesPerSecond ?? 0 },
          { label: 'after the last unit', value: sale?.refusalsPerSecond ?? 0, strong: true },
        ],
      },
    ],
  ]
  return all.filter(([name, chart]) => chart.bars.length > 0 && (name !== 'sale' || sale !== undefined))
}
