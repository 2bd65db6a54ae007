/** What a page shows while it has nothing to show. */
import { Loader, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

import classes from './states.module.css'

export function Loading({ what }: { what: string }) {
  return (
    <div className={classes.state} role="status">
      <Loader type="dots" />
      <Text size="sm" c="dimmed">
        Loading {what} ...
      </Text>
    </div>
  )
}

export interface EmptyProps {
  icon: ReactNode
  title: string
  children: ReactNode
  /** What to do next. */
  action?: ReactNode
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <Stack className={classes.state} gap="xs">
      <span className={classes.icon}>{icon}</span>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text component="div" c="dimmed" maw="34rem">
        {children}
      </Text>
      {action}
    </Stack>
  )
}
