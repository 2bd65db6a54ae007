import type { Availability } from '@holdfast/client'

import classes from './stock-level.module.css'

/** From so few units on they are called few. */
const few = 5

/** How much is left, as it is now. */
export function StockLevel({ availability }: { availability: Availability | undefined }) {
  const state = stateOf(availability)
  return (
    <span className={classes.level} data-state={state} data-testid="stock-level">
      <span className={classes.dot} aria-hidden="true" />
      {textOf(availability)}
    </span>
  )
}

function stateOf(availability: Availability | undefined): string {
  if (availability === undefined) return 'unknown'
  if (availability.available <= 0) return availability.backorderable > 0 ? 'few' : 'out'
  return availability.available <= few ? 'few' : 'plenty'
}

function textOf(availability: Availability | undefined): string {
  if (availability === undefined) return 'Checking stock'
  const { available, reserved, backorderable } = availability
  if (available > few) return `${available} in stock`
  if (available > 0) return `Only ${available} left`
  if (backorderable > 0) return 'Sold out, and can be ordered ahead'
  return reserved > 0 ? 'All held right now' : 'Sold out'
}
