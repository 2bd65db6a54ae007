import { Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

import classes from './panel.module.css'

/** A part of a page, set apart. @param title left away where the page's own says it */
export function Panel({ title, children }: { title?: string; children: ReactNode }) {
  const id = useId()
  return (
    <section className={classes.panel} aria-labelledby={title === undefined ? undefined : id}>
      {title !== undefined && (
        <Title order={2} id={id} className={classes.title}>
          {title}
        </Title>
      )}
      {children}
    </section>
  )
}
