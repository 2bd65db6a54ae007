import type { User } from '@holdfast/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { reservations } from '../api/queries.ts'
import { useSession } from '../api/use-session.ts'
import { paths } from '../paths.ts'
import { Countdown } from '../ui/countdown.tsx'
import { useRemaining } from '../ui/use-remaining.ts'
import classes from './held-chip.module.css'

/** On every page: that something is held, and how long still. */
export function HeldChip() {
  const session = useSession()
  return session.status === 'in' ? <Chip user={session.user} /> : null
}

function Chip({ user }: { user: User }) {
  const { data } = useInfiniteQuery({ ...reservations(user.id, 'ACTIVE'), refetchInterval: 30_000 })
  const held = data?.pages[0]?.reservations ?? []
  const next = held.toSorted((a, b) => Date.parse(a.expiresAt ?? '') - Date.parse(b.expiresAt ?? ''))[0]
  const remaining = useRemaining(next?.expiresAt)
  if (next === undefined || remaining === 0) return null
  const [to, text] = held.length === 1 ? [paths.reservation(next.id), 'Held'] : [paths.reservations, `${held.length} held`]
  return (
    <Link href={to} className={classes.chip}>
      {text} <Countdown until={next.expiresAt} />
    </Link>
  )
}
