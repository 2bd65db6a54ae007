import type { SaleLatency } from '@holdfast/client'

import { duration } from './words.ts'
import classes from './histogram.module.css'

/** Fewer bars look like none. */
const fewest = 10
const height = 100

const marks = [
  { name: 'p50', read: ({ p50Micros }: SaleLatency) => p50Micros },
  { name: 'p95', read: ({ p95Micros }: SaleLatency) => p95Micros },
  { name: 'p99', read: ({ p99Micros }: SaleLatency) => p99Micros },
]

/** How many shoppers waited for how long, and where half, 95 and 99 in a hundred of them had their answer. */
export function Histogram({ latency }: { latency: SaleLatency }) {
  const { buckets } = latency
  const first = buckets.findIndex(({ count }) => count > 0)
  const last = buckets.findLastIndex(({ count }) => count > 0)
  if (first === -1) return <p className={classes.nothing}>Nobody has an answer yet.</p>
  const from = Math.max(0, Math.min(first - 1, Math.floor((first + last - fewest) / 2)))
  const shown = buckets.slice(from, Math.max(last + 2, from + fewest))
  const most = Math.max(...shown.map(({ count }) => count))
  // Bounds grow by the square root of two from 1 ms on: a bar is half a power of two wide, and ends at its bound.
  const placeOf = (micros: number): number => (2 * Math.log2(Math.max(micros, 1) / 1_000) + 1 - from) / shown.length
  return (
    <figure
      className={classes.figure}
      aria-label={`How long shoppers waited: ${marks.map(({ name, read }) => `${name} ${duration(read(latency))}`).join(', ')}`}
    >
      <div className={classes.picture} aria-hidden="true">
        <svg viewBox={`0 0 ${shown.length} ${height}`} preserveAspectRatio="none" className={classes.bars}>
          {shown.map(({ upToMicros, count }, index) => {
            const tall = most === 0 || count === 0 ? 0 : Math.max(1.5, (count / most) * height)
            return <rect key={upToMicros} x={index + 0.08} y={height - tall} width={0.84} height={tall} />
          })}
        </svg>
        {marks.map(({ name, read }) => (
          <span
            key={name}
            className={classes.mark}
            data-mark={name}
            style={{ left: `${100 * Math.min(1, Math.max(0, placeOf(read(latency))))}%` }}
          />
        ))}
      </div>
      <div className={classes.ends} aria-hidden="true">
        <span>{duration(buckets[from - 1]?.upToMicros ?? 0)}</span>
        <span>{duration(shown.at(-1)?.upToMicros ?? 0)}</span>
      </div>
      <dl className={classes.percentiles}>
        {marks.map(({ name, read }) => (
          <div key={name} data-mark={name}>
            <dt>{name}</dt>
            <dd>{duration(read(latency))}</dd>
          </div>
        ))}
      </dl>
    </figure>
  )
}
