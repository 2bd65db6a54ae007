import { createHistogram } from 'node:perf_hooks'

import type { SaleLatency } from '@holdfast/contracts/demo'

/** What takes longer counts as this long. In µs. */
const longestMicros = 600_000_000

/** Bounds grow by the square root of two: 1 ms, 1.4 ms, 2 ms, ... some 23 s. */
const buckets = 30

/** How long people waited: exact percentiles by an HDR histogram (three digits), and a histogram coarse enough to draw. */
export class Waits {
  private readonly histogram = createHistogram({ lowest: 1, highest: longestMicros, figures: 3 })
  private readonly counts = Array.from({ length: buckets }, () => 0)

  add(ms: number): void {
    this.histogram.record(Math.min(longestMicros, Math.max(1, Math.round(ms * 1_000))))
    const index = Math.min(buckets - 1, Math.max(0, Math.ceil(2 * Math.log2(ms))))
    this.counts[index] = (this.counts[index] ?? 0) + 1
  }

  /** All 0 while nobody has waited. */
  toMessage(): SaleLatency {
    const { histogram, counts } = this
    const isEmpty = histogram.count === 0
    const percentile = (share: number): number => (isEmpty ? 0 : histogram.percentile(share))
    return {
      p50Micros: percentile(50),
      p95Micros: percentile(95),
      p99Micros: percentile(99),
      maxMicros: isEmpty ? 0 : histogram.max,
      buckets: counts.map((count, index) => ({ upToMicros: Math.round(1_000 * 2 ** (index / 2)), count })),
    }
  }
}
