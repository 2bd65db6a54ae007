import { queryOptions, useQuery } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import { Figure, Figures } from './figures.tsx'

const lastDay = queryOptions({
  queryKey: ['activity', 'last-day'],
  queryFn: async ({ signal }) => api.getActivity({}, { signal }),
  refetchInterval: 10_000,
})

export function OverviewPage() {
  const { data, error, refetch } = useQuery(lastDay)
  const total = data?.totals
  return (
    <Page title="The last 24 hours" lead="What was reserved, what became of it, and what was paid.">
      {error !== null && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {total === undefined && error === null && <Loading what="the figures" />}
      {total !== undefined && (
        <Figures>
          <Figure name="Reservations" value={total.reservationsCreated} />
          <Figure name="Open now" value={total.reservationsActive} />
          <Figure name="Sold" value={total.reservationsCommitted} />
          <Figure name="Lapsed" value={total.reservationsExpired} />
          <Figure name="Orders paid" value={total.ordersConfirmed} />
          <Figure name="Revenue" value={total.revenue.map(moneyText).join(', ') || '0'} />
        </Figures>
      )}
    </Page>
  )
}
