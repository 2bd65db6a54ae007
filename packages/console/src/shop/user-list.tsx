import type { ReactNode } from 'react'

import { type PagedProps, Paged } from '../ui/paged.tsx'
import classes from './user-list.module.css'

export interface UserListProps<Page, Item> extends Omit<PagedProps<Page, Item>, 'children'> {
  children: (item: Item) => ReactNode
}

/** A list of somebody's own things, newest first, with its states. */
export function UserList<Page, Item extends { id: string }>({ children, ...paged }: UserListProps<Page, Item>) {
  return (
    <Paged {...paged}>
      {(items) => (
        <ul className={classes.list}>
          {items.map((item) => (
            <li key={item.id} className={classes.item}>
              {children(item)}
            </li>
          ))}
        </ul>
      )}
    </Paged>
  )
}
