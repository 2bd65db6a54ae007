import type { Reservation } from '@holdfast/client'
import { Button, Group } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { reservation as reservationQuery } from '../api/queries.ts'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { CountdownRing } from '../ui/countdown.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import classes from './hold-panel.module.css'

/** By how much a hold is made longer, ms. */
const extensionMs = 5 * 60_000

/** How long it is held, and what can be done about that. */
export function HoldPanel({ reservation: { id, createdAt, expiresAt } }: { reservation: Reservation }) {
  const queries = useQueryClient()
  const onSuccess = ({ reservation }: { reservation?: Reservation }): void => {
    queries.setQueryData(reservationQuery(id).queryKey, reservation)
    void queries.invalidateQueries({ queryKey: ['reservations', 'list'] })
  }
  // What it is now tells more than why it could not be changed.
  const onError = (): void => void queries.invalidateQueries({ queryKey: reservationQuery(id).queryKey })
  const extend = useMutation({
    mutationFn: async () => {
      const until = new Date(Date.parse(expiresAt ?? '') + extensionMs).toISOString()
      return api.extendReservation({ id, expiresAt: until })
    },
    onSuccess,
    onError,
  })
  const cancel = useMutation({ mutationFn: async () => api.cancelReservation({ id }), onSuccess, onError })
  const error = extend.error ?? cancel.error
  return (
    <Panel>
      <div className={classes.hold}>
        <CountdownRing from={createdAt} until={expiresAt} />
        <Group gap="sm" justify="center">
          <Button variant="light" loading={extend.isPending} onClick={() => extend.mutate()}>
            5 minutes more
          </Button>
          <ConfirmButton
            label="Give back"
            question="Give these units back?"
            loading={cancel.isPending}
            onConfirm={() => cancel.mutate()}
          >
            Others can have them at once.
          </ConfirmButton>
        </Group>
        {error !== null && <ProblemNote error={error} />}
      </div>
    </Panel>
  )
}
