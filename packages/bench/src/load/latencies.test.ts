import { Latencies } from './latencies'

test('percentiles are those of the values, to three digits', () => {
  const latencies = new Latencies()
  for (let ms = 1; ms <= 1_000; ms++) latencies.record(ms)
  const { p50, p95, p99, max } = latencies.summary()
  expect(latencies.count).toBe(1_000)
  expect(p50 / 500).toBeCloseTo(1, 2)
  expect(p95 / 950).toBeCloseTo(1, 2)
  expect(p99 / 990).toBeCloseTo(1, 2)
  expect(max / 1_000).toBeCloseTo(1, 2)
})

test('one slow answer among many shows in the maximum and not in the median', () => {
  const latencies = new Latencies()
  for (let i = 0; i < 999; i++) latencies.record(2)
  latencies.record(5_000)
  const { p50, p99, max } = latencies.summary()
  expect(p50).toBeCloseTo(2, 1)
  expect(p99).toBeCloseTo(2, 1)
  expect(max / 5_000).toBeCloseTo(1, 2)
})

test('nothing recorded is all 0, and what is out of range counts as the end of the range', () => {
  expect(new Latencies().summary()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 })
  const latencies = new Latencies()
  latencies.record(-1)
  latencies.record(10_000_000)
  expect(latencies.count).toBe(2)
  expect(latencies.summary().max / 600_000).toBeCloseTo(1, 2)
})
