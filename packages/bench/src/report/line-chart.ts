import { escapeXml, svgStyle } from './chart'

export interface LineChart {
  title: string
  /** What a value is, and what it stands over, as "MB resident, by minutes". */
  unit: string
  /** From one value to the next, in the unit of the horizontal axis. */
  step: number
  lines: { label: string; values: number[] }[]
}

const width = 720
const [left, right, top, bottom] = [50, 110, 60, 30]
const plotHeight = 260
/** Told apart also without colours, by the labels at their ends. */
const colours = ['#1f6feb', '#bf8700', '#1a7f37', '#cf222e', '#8250df', '#57606a']
/** Labels closer than this would cover one another. */
const labelHeight = 16

/** Lines over a horizontal axis that begins at 0, as an SVG document; the vertical axis begins at 0 as well. */
export function drawLineChart({ title, unit, step, lines }: LineChart): string {
  const most = niceMost(Math.max(1, ...lines.flatMap(({ values }) => values)))
  const last = Math.max(1, ...lines.map(({ values }) => values.length - 1))
  const x = (index: number): number => Math.round(left + (index / last) * (width - left - right))
  const y = (value: number): number => Math.round(top + plotHeight * (1 - value / most))
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `  <line class="grid" x1="${left}" x2="${width - right}" y1="${y(share * most)}" y2="${y(share * most)}"/>`,
    `  <text class="unit" x="${left - 8}" y="${y(share * most) + 5}" text-anchor="end">${round(share * most)}</text>`,
    `  <text class="unit" x="${x(share * last)}" y="${top + plotHeight + 22}" text-anchor="middle">${round(share * last * step)}</text>`,
  ])
  const drawn = lines.map(({ values }, index) => {
    const points = values.map((value, at) => `${x(at)},${y(value)}`).join(' ')
    return `  <polyline points="${points}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="2"/>`
  })
  const labels = placeLabels(lines.map(({ values }) => y(values.at(-1) ?? 0))).map(
    (at, index) =>
      `  <text x="${width - right + 8}" y="${at + 5}" style="fill: ${colours[index % colours.length]}">${escapeXml(lines[index]?.label ?? '')}</text>`,
  )
  const height = top + plotHeight + bottom
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `  <title>${escapeXml(`${title}, ${unit}`)}</title>`,
    `  <style>${svgStyle}\n  </style>`,
    `  <text class="title" x="0" y="18">${escapeXml(title)}</text>`,
    `  <text class="unit" x="0" y="38">${escapeXml(unit)}</text>`,
    ...grid,
    ...drawn,
    ...labels,
    '</svg>',
    '',
  ].join('\n')
}

/** The next higher of 1, 2, 4, 5, 8 times a power of ten: quarters of it are short numbers. */
function niceMost(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10) * power
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Each near its line's end, none over another. */
function placeLabels(ends: number[]): number[] {
  const order = ends.map((end, index) => ({ end, index })).toSorted((a, b) => a.end - b.end)
  const places = [...ends]
  let lowest = -Infinity
  for (const { end, index } of order) {
    lowest = Math.max(end, lowest + labelHeight)
    places[index] = lowest
  }
  return places
}
