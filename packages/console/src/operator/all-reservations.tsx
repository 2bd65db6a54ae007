import type { Reservation } from '@holdfast/client'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../api/client.ts'
import { itemsText, whenText } from '../shop/texts.ts'
import { StateBadge, type Tone } from '../ui/badge.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { ClockIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import { allReservations, type ReservationStatus } from './queries.ts'
import { StateSelect } from './state-select.tsx'

const words: Record<ReservationStatus, { text: string; tone: Tone }> = {
  ACTIVE: { text: 'Held', tone: 'good' },
  COMMITTED: { text: 'Sold', tone: 'calm' },
  CANCELLED: { text: 'Given back', tone: 'calm' },
  EXPIRED: { text: 'Lapsed', tone: 'calm' },
}

const statuses = Object.keys(words) as ReservationStatus[]

/** Everybody's reservations; those that are open can be ended. */
export function AllReservationsPage() {
  const [status, setStatus] = useState<ReservationStatus | undefined>('ACTIVE')
  return (
    <Page
      title="Reservations"
      lead="Everybody’s, the newest first."
      aside={<StateSelect states={statuses} textOf={(one) => words[one].text} value={status} onChange={setStatus} />}
    >
      <Paged
        query={useInfiniteQuery(allReservations(status))}
        what="the reservations"
        rowsOf={(page) => page.reservations}
        empty={
          <Empty icon={<ClockIcon />} title="No such reservation">
            What shoppers reserve is shown here, for as long as it lasts and afterwards.
          </Empty>
        }
      >
        {(reservations) => <Reservations reservations={reservations} />}
      </Paged>
    </Page>
  )
}

function Reservations({ reservations }: { reservations: readonly Reservation[] }) {
  const queries = useQueryClient()
  const { mutate, error, isPending, variables } = useMutation({
    mutationFn: async (id: string) => api.cancelReservation({ id }),
    onSettled: async () => queries.invalidateQueries({ queryKey: ['reservations'] }),
  })
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        name="Reservations"
        rows={reservations}
        keyOf={({ id }) => id}
        minWidth={760}
        columns={[
          { head: 'User', cell: ({ userId }) => userId },
          { head: 'What', cell: ({ lines }) => itemsText(lines) },
          { head: 'Since', cell: ({ createdAt }) => whenText(createdAt) },
          { head: 'Until', cell: ({ expiresAt }) => whenText(expiresAt) },
          {
            head: 'State',
            cell: (one) =>
              one.status === 'STATUS_UNSPECIFIED' ? null : (
                <StateBadge tone={words[one.status].tone}>{words[one.status].text}</StateBadge>
              ),
          },
          {
            head: '',
            label: 'End it',
            number: true,
            cell: ({ id, status }) =>
              status === 'ACTIVE' && (
                <ConfirmButton
                  label="End it"
                  size="xs"
                  loading={isPending && variables === id}
                  question="End this reservation?"
                  onConfirm={() => mutate(id)}
                >
                  Its units go back into stock at once, and its shopper loses them.
                </ConfirmButton>
              ),
          },
        ]}
      />
    </>
  )
}
