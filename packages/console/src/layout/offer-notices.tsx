import type { User, WaitlistEntry } from '@holdfast/client'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Link } from 'wouter'

import { waitlist } from '../api/queries.ts'
import { useSession } from '../api/use-session.ts'
import { paths } from '../paths.ts'

/** Says on whatever page it is that what somebody waited for is held for them: they have a few minutes. */
export function OfferNotices() {
  const session = useSession()
  return session.status === 'in' ? <Notices user={session.user} /> : null
}

function Notices({ user }: { user: User }) {
  const queries = useQueryClient()
  const { data } = useInfiniteQuery(waitlist(user.id))
  const waiting = useRef(new Set<string>())
  useEffect(() => {
    const entries = data?.pages.flatMap((page) => page.entries) ?? []
    for (const entry of entries) {
      if (entry.status === 'OFFERED' && waiting.current.has(entry.id)) {
        tell(entry)
        void queries.invalidateQueries({ queryKey: ['reservations', 'list'] })
      }
    }
    waiting.current = new Set(entries.filter(({ status }) => status === 'WAITING').map(({ id }) => id))
  }, [data, queries])
  return null
}

function tell({ id, sku, quantity, reservationId }: WaitlistEntry): void {
  notifications.show({
    id,
    title: `${quantity} × ${sku} held for you`,
    message: (
      <Link href={paths.reservation(reservationId)} onClick={() => notifications.hide(id)}>
        Your wait is over: see it while it is yours
      </Link>
    ),
    autoClose: false,
    closeButtonProps: { 'aria-label': 'Close' },
  })
}
