export interface Bar {
  label: string
  value: number
  /** The one that the chart is about. */
  strong?: boolean
}

export interface Chart {
  title: string
  /** What a value counts, as "reservations a second". */
  unit: string
  bars: Bar[]
}

const width = 720
const labelWidth = 200
const valueWidth = 80
const barHeight = 22
const rowHeight = 34
const headHeight = 56

/** Readable on white and on black: no background, and colours that follow the reader's scheme. */
export const svgStyle = `
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 16px }
  .unit { fill: #59636e }
  .grid { stroke: #8c959f; stroke-opacity: 0.3 }
  .bar { fill: #8c959f }
  .strong { fill: #1f6feb }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .unit { fill: #9198a1 }
    .grid { stroke: #8c959f; stroke-opacity: 0.3 }
  .bar { fill: #6e7681 }
    .strong { fill: #4493f8 }
  }`

/** A bar chart as an SVG document: horizontal bars, each with its label and value, the longest as wide as there is room. */
export function drawChart({ title, unit, bars }: Chart): string {
  const height = headHeight + bars.length * rowHeight + 4
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const room = width - labelWidth - valueWidth
  const rows = bars.map(({ label, value, strong }, index) => {
    const y = headHeight + index * rowHeight
    const length = Math.max(1, Math.round((value / most) * room))
    const middle = y + barHeight / 2 + 5
    return [
      `  <text x="${labelWidth - 10}" y="${middle}" text-anchor="end">${escapeXml(label)}</text>`,
      `  <rect class="${strong === true ? 'strong' : 'bar'}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="3"/>`,
      `  <text x="${labelWidth + length + 8}" y="${middle}">${Math.round(value).toLocaleString('en-GB')}</text>`,
    ].join('\n')
  })
  const description = bars.map(({ label, value }) => `${label}: ${Math.round(value)}`).join(', ')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `  <title>${escapeXml(`${title}, ${unit}. ${description}`)}</title>`,
    `  <style>${svgStyle}\n  </style>`,
    `  <text class="title" x="0" y="18">${escapeXml(title)}</text>`,
    `  <text class="unit" x="0" y="38">${escapeXml(unit)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

/** The text of a chart for those who do not see it. */
export function chartTitle(svg: string): string {
  return /<title>(.*?)<\/title>/.exec(svg)?.[1] ?? ''
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
