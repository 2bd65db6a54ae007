import type { Reservation, ReservationLine } from '@holdfast/client'
import { ActionIcon, Group } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { api } from '../api/client.ts'
import { reservation as reservationQuery } from '../api/queries.ts'
import { MinusIcon, PlusIcon } from '../ui/icons.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Lines } from './lines.tsx'
import classes from './held-lines.module.css'

/** What is held, and some more or some less of it. One that does not fit leaves all as it was. */
export function HeldLines({ reservation: { id, lines, version } }: { reservation: Reservation }) {
  const queries = useQueryClient()
  const { queryKey } = reservationQuery(id)
  const change = useMutation({
    mutationFn: async ({ sku, warehouse, quantity }: ReservationLine) =>
      api.changeReservation({ id, lines: [{ sku, warehouse, quantity }], expectedVersion: version }),
    onSuccess: ({ reservation }) => {
      queries.setQueryData(queryKey, reservation)
      void queries.invalidateQueries({ queryKey: ['reservations', 'list'] })
    },
    onError: () => void queries.invalidateQueries({ queryKey }),
  })
  const stepper = (line: ReservationLine) => (
    <Group gap={6} mt={6}>
      <Step label={`One ${line.sku} less`} disabled={change.isPending || isLast(line, lines)} onClick={() => by(line, -1)}>
        <MinusIcon size={14} />
      </Step>
      <span className={classes.quantity}>{line.quantity}</span>
      <Step label={`One ${line.sku} more`} disabled={change.isPending} onClick={() => by(line, 1)}>
        <PlusIcon size={14} />
      </Step>
    </Group>
  )
  const by = (line: ReservationLine, units: number): void => change.mutate({ ...line, quantity: line.quantity + units })
  return (
    <>
      <Lines lines={lines} action={stepper} />
      {change.error !== null && <ProblemNote error={change.error} />}
    </>
  )
}

/** Giving back the last unit of all is another thing, and asked about. */
function isLast(line: ReservationLine, lines: readonly ReservationLine[]): boolean {
  return line.quantity === 1 && lines.length === 1
}

interface StepProps {
  label: string
  disabled: boolean
  onClick: () => void
  children: ReactNode
}

function Step({ label, children, ...props }: StepProps) {
  return (
    <ActionIcon variant="default" radius="xl" aria-label={label} {...props}>
      {children}
    </ActionIcon>
  )
}
