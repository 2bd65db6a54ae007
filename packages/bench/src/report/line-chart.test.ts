import { drawLineChart } from './line-chart'

const chart = {
  title: 'Memory <of each>',
  unit: 'MB, by minutes',
  step: 0.5,
  lines: [
    { label: 'gateway', values: [100, 150, 200] },
    { label: 'order', values: [50, 198, 199] },
  ],
}

const points = (svg: string): number[][][] =>
  [...svg.matchAll(/points="([^"]*)"/g)].map(([, text = '']) => text.split(' ').map((point) => point.split(',').map(Number)))

test('each line has a point for each value, higher values stand higher', () => {
  const [first = [], second = []] = points(drawLineChart(chart))
  expect([first.length, second.length]).toEqual([3, 3])
  const heights = first.map(([, y = 0]) => y)
  expect(heights).toEqual(heights.toSorted((a, b) => b - a))
  expect(first[0]?.[1]).toBeLessThan(second[0]?.[1] ?? 0)
})

test('the horizontal axis ends at the last value', () => {
  expect(drawLineChart(chart)).toContain('>1</text>')
})

test('labels of lines that end together do not cover one another, and text is escaped', () => {
  const svg = drawLineChart(chart)
  const at = (label: string): number => Number(new RegExp(`y="(\\d+)"[^>]*>${label}<`).exec(svg)?.[1])
  expect(Math.abs(at('gateway') - at('order'))).toBeGreaterThanOrEqual(16)
  expect(svg).toContain('Memory &lt;of each&gt;')
})

test('a chart of nothing is a chart', () => {
  expect(drawLineChart({ ...chart, lines: [] })).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
})
