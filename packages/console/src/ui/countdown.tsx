import { VisuallyHidden } from '@mantine/core'

import { clockText, durationText, useRemaining } from './use-remaining.ts'
import classes from './countdown.module.css'

/** From so little on it is urgent, ms. */
const urgentMs = 60_000

/** Said aloud when it is reached, s. */
const announced = [10, 60, 300]

const radius = 46
const length = 2 * Math.PI * radius

export interface CountdownProps {
  /** When it began and when it ends, by the server. */
  from?: string
  until?: string
}

/** The time that is left, in a ring that empties. */
export function CountdownRing({ from, until }: CountdownProps) {
  const remaining = useRemaining(until)
  const whole = Date.parse(until ?? '') - Date.parse(from ?? '')
  const part = whole > 0 ? Math.min(1, remaining / whole) : 0
  return (
    <div className={classes.ring} data-urgent={remaining < urgentMs || undefined}>
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle cx="50" cy="50" r={radius} className={classes.track} />
        <circle
          cx="50"
          cy="50"
          r={radius}
          className={classes.left}
          strokeDasharray={length}
          strokeDashoffset={length * (1 - part)}
        />
      </svg>
      <span className={classes.time} role="timer" aria-label="Time left">
        {clockText(remaining)}
      </span>
      <Announcement remaining={remaining} />
    </div>
  )
}

/** The same in a line of text. */
export function Countdown({ until }: Pick<CountdownProps, 'until'>) {
  const remaining = useRemaining(until)
  return (
    <span className={classes.text} data-urgent={remaining < urgentMs || undefined}>
      {clockText(remaining)}
    </span>
  )
}

/** A clock that is read aloud each second helps nobody. */
function Announcement({ remaining }: { remaining: number }) {
  const seconds = Math.ceil(remaining / 1000)
  const mark = announced.find((one) => seconds <= one && seconds > one - 5)
  return (
    <VisuallyHidden aria-live="polite">{remaining > 0 && mark !== undefined ? `${durationText(mark)} left` : ''}</VisuallyHidden>
  )
}
