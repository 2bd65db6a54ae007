import { createHistogram } from 'node:perf_hooks'

import type { Latency } from './task'

/** Longer than any request may take; what takes longer counts as this long. In µs. */
const longestMicros = 600_000_000

/** Latencies in an HDR histogram (Node's own): three significant digits from 1 µs to 10 minutes. */
export class Latencies {
  private readonly histogram = createHistogram({ lowest: 1, highest: longestMicros, figures: 3 })

  /** @param ms negative counts as none: a clock that is read twice may say so */
  record(ms: number): void {
    this.histogram.record(Math.min(longestMicros, Math.max(1, Math.round(ms * 1000))))
  }

  get count(): number {
    return this.histogram.count
  }

  /** All 0 when nothing was recorded. */
  summary(): Latency {
    const { histogram } = this
    if (histogram.count === 0) return { p50: 0, p95: 0, p99: 0, max: 0 }
    const percentile = (share: number): number => histogram.percentile(share) / 1000
    return { p50: percentile(50), p95: percentile(95), p99: percentile(99), max: histogram.max / 1000 }
  }
}
