import type { Order, User } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { orders } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ReceiptIcon } from '../ui/icons.tsx'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { orderState } from './order-states.ts'
import { itemsText, whenText } from './texts.ts'
import { UserList } from './user-list.tsx'
import classes from './user-list.module.css'

export function OrdersPage({ user }: { user: User }) {
  return (
    <Page title="Your orders" lead="What you have bought, and where it is.">
      <UserList
        what="your orders"
        query={useInfiniteQuery(orders(user.id))}
        rowsOf={(page) => page.orders}
        empty={
          <Empty
            icon={<ReceiptIcon />}
            title="Nothing ordered yet"
            action={
              <Button component={Link} href={paths.catalogue}>
                To the catalogue
              </Button>
            }
          >
            A reservation that is paid for becomes an order.
          </Empty>
        }
      >
        {(order) => <Row order={order} />}
      </UserList>
    </Page>
  )
}

function Row({ order }: { order: Order }) {
  const { text, tone } = orderState(order)
  return (
    <>
      <Link href={paths.order(order.id)} className={classes.link}>
        {itemsText(order.lines)}
      </Link>
      <span className={classes.detail}>{whenText(order.createdAt)}</span>
      <StateBadge tone={tone}>{text}</StateBadge>
      <span className={classes.amount}>{moneyText(order.total)}</span>
    </>
  )
}
