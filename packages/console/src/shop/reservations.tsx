import type { Reservation, User } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { reservations } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { type Tone, StateBadge } from '../ui/badge.tsx'
import { Countdown } from '../ui/countdown.tsx'
import { ClockIcon } from '../ui/icons.tsx'
import { moneyText, totalOf } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { useRemaining } from '../ui/use-remaining.ts'
import { itemsText, whenText } from './texts.ts'
import { UserList } from './user-list.tsx'
import classes from './user-list.module.css'

export function ReservationsPage({ user }: { user: User }) {
  return (
    <Page title="Your reservations" lead="What is held for you, and what became of what was.">
      <UserList
        what="your reservations"
        query={useInfiniteQuery(reservations(user.id))}
        rowsOf={(page) => page.reservations}
        empty={
          <Empty
            icon={<ClockIcon />}
            title="Nothing reserved yet"
            action={
              <Button component={Link} href={paths.catalogue}>
                To the catalogue
              </Button>
            }
          >
            What you reserve stays yours for a few minutes, and is listed here.
          </Empty>
        }
      >
        {(reservation) => <Row reservation={reservation} />}
      </UserList>
    </Page>
  )
}

function Row({ reservation }: { reservation: Reservation }) {
  const { id, lines, createdAt } = reservation
  return (
    <>
      <Link href={paths.reservation(id)} className={classes.link}>
        {itemsText(lines)}
      </Link>
      <span className={classes.detail}>{whenText(createdAt)}</span>
      <Status reservation={reservation} />
      <span className={classes.amount}>{moneyText(totalOf(lines))}</span>
    </>
  )
}

const states: Partial<Record<Reservation['status'], { text: string; tone: Tone }>> = {
  COMMITTED: { text: 'Ordered', tone: 'good' },
  CANCELLED: { text: 'Given back', tone: 'calm' },
  EXPIRED: { text: 'Lapsed', tone: 'calm' },
}

function Status({ reservation: { status, expiresAt } }: { reservation: Reservation }) {
  const remaining = useRemaining(expiresAt)
  if (status === 'ACTIVE' && remaining > 0) {
    return (
      <StateBadge tone="warm">
        <Countdown until={expiresAt} /> left
      </StateBadge>
    )
  }
  const { text, tone } = states[status] ?? { text: 'Lapsed', tone: 'calm' }
  return <StateBadge tone={tone}>{text}</StateBadge>
}
