import type { Sale } from '@holdfast/client'

import type { Point } from './use-sale.ts'
import { count } from './words.ts'
import classes from './stock-left.module.css'

const width = 300
const height = 60

/** How many are left, as large as it matters, and how that fell. */
export function StockLeft({ sale, line }: { sale: Sale; line: readonly Point[] }) {
  const { left, stock } = sale
  return (
    <div className={classes.stock}>
      <p className={classes.number} data-empty={left === 0 || undefined}>
        <span data-testid="left">{count(left)}</span> <small>of {count(stock)} left</small>
      </p>
      <div
        className={classes.bar}
        role="meter"
        aria-label="Units left"
        aria-valuemin={0}
        aria-valuemax={stock}
        aria-valuenow={left}
      >
        <div style={{ width: `${(100 * left) / stock}%` }} />
      </div>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" className={classes.line} aria-hidden="true">
        <path d={areaOf(line, stock)} />
      </svg>
    </div>
  )
}

/** A step at each look: between two of them nothing is known. */
function areaOf(line: readonly Point[], stock: number): string {
  const end = line.at(-1)?.at ?? 0
  if (end === 0) return ''
  const x = (at: number): string => ((at / end) * width).toFixed(1)
  const y = (left: number): string => (height - (left / stock) * height).toFixed(1)
  const steps = line.map(({ at, left }) => `H${x(at)}V${y(left)}`)
  return `M0 ${height}V${y(line[0]?.left ?? stock)}${steps.join('')}H${width}V${height}Z`
}
