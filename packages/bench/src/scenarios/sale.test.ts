import { checkSale } from './sale'

const sold = {
  sent: 40_000,
  accepted: 5_000,
  refused: 35_000,
  conflicts: 0,
  failed: 0,
  perSecond: 6_000,
  latency: { p50: 1, p95: 1, p99: 1, max: 1 },
  lastAcceptedAfter: 1,
  refusedAfter: 35_000,
  refusedAfterSeconds: 2,
}

test("a sale's rates are those before and after the last unit was sold", () => {
  expect(checkSale(sold)).toEqual({ values: { reservesPerSecond: 5_000, refusalsPerSecond: 17_500 }, problems: [] })
})

test('a unit sold too many or too few is a problem', () => {
  for (const accepted of [4_999, 5_001]) {
    expect(checkSale({ ...sold, accepted, refused: 40_000 - accepted }).problems).toHaveLength(1)
  }
})
