import type { ReactNode } from 'react'

import classes from './figures.module.css'

/** Numbers beside one another, each a `Figure`. */
export function Figures({ children }: { children: ReactNode }) {
  return <dl className={classes.figures}>{children}</dl>
}

/** @param value several, as amounts in different currencies, stand one below the other */
export function Figure({ name, value }: { name: string; value: string | readonly string[] }) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      {[value].flat().map((one) => (
        <dd key={one}>{one}</dd>
      ))}
    </div>
  )
}
