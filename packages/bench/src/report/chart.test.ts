import { drawChart } from './chart'

const chart = {
  title: 'One SKU & 300 connections',
  unit: 'reservations a second',
  bars: [
    { label: 'Holdfast', value: 8_000, strong: true },
    { label: 'a <slow> one', value: 1_000 },
    { label: 'none', value: 0 },
  ],
}

const widths = (svg: string): number[] => [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => Number(width))

test('bars are as long as their values, and one of nothing still shows', () => {
  const [longest = 0, shorter = 0, none] = widths(drawChart(chart))
  expect(longest / shorter).toBeCloseTo(8, 0)
  expect(none).toBe(1)
})

test('labels and values stand in it, escaped', () => {
  const svg = drawChart(chart)
  expect(svg).toContain('One SKU &amp; 300 connections')
  expect(svg).toContain('>a &lt;slow&gt; one</text>')
  expect(svg).toContain('>8,000</text>')
})

test('its colours follow a light or dark page, and it has no background of its own', () => {
  const svg = drawChart(chart)
  expect(svg).toContain('prefers-color-scheme: dark')
  expect(widths(svg)).toHaveLength(chart.bars.length)
})

test('a chart of nothing is a chart', () => {
  expect(drawChart({ ...chart, bars: [] })).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
})
