import { Button } from '@mantine/core'
import type { ReactNode } from 'react'

import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import classes from './user-list.module.css'

export interface UserListProps<Item> {
  what: string
  /** Undefined until they are there. */
  items: readonly Item[] | undefined
  error: Error | null
  onRetry: () => void
  /** Loads the next of them; undefined: there are no more. */
  onMore?: () => void
  isLoadingMore: boolean
  empty: ReactNode
  children: (item: Item) => ReactNode
}

/** A list of somebody's own things, newest first, with its states. */
export function UserList<Item extends { id: string }>(props: UserListProps<Item>) {
  const { what, items, error, onRetry, onMore, isLoadingMore, empty, children } = props
  return (
    <>
      {error !== null && <ProblemNote error={error} onRetry={onRetry} />}
      {items === undefined && error === null && <Loading what={what} />}
      {items?.length === 0 && empty}
      <ul className={classes.list}>
        {items?.map((item) => (
          <li key={item.id} className={classes.item}>
            {children(item)}
          </li>
        ))}
      </ul>
      {onMore !== undefined && (
        <Button variant="default" mt="lg" loading={isLoadingMore} onClick={onMore}>
          Show more
        </Button>
      )}
    </>
  )
}
