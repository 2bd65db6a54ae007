import type { ReactNode } from 'react'

import classes from './badge.module.css'

export type Tone = 'calm' | 'good' | 'warm' | 'bad'

/** A state in one word. */
export function StateBadge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes.badge} data-tone={tone}>
      {children}
    </span>
  )
}
