import type { Availability, Product } from '@holdfast/client'
import { Button, Group, NativeSelect, NumberInput, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'

import { api } from '../api/client.ts'
import { reservation as reservationQuery } from '../api/queries.ts'
import { useSession } from '../api/use-session.ts'
import { paths, signInFrom } from '../paths.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import { durationText } from '../ui/use-remaining.ts'
import { expectedText } from './texts.ts'
import classes from './reserve-form.module.css'

/** How long it may be held, s. */
const times = [60, 300, 900, 3600]
const usualTime = 300

export interface ReserveFormProps {
  product: Product
  availability: Availability | undefined
}

/** How many, for how long, and then they are held. */
export function ReserveForm({ product: { sku, mostPerShopper, backorder }, availability }: ReserveFormProps) {
  const session = useSession()
  const queries = useQueryClient()
  const [path, go] = useLocation()
  const [quantity, setQuantity] = useState(1)
  const [ttlSeconds, setTtl] = useState(usualTime)
  const reserve = useMutation({
    mutationFn: async () => api.createReservation({ lines: [{ sku, quantity }], ttlSeconds }),
    onSuccess: ({ reservation }) => {
      if (reservation === undefined) return
      queries.setQueryData(reservationQuery(reservation.id).queryKey, reservation)
      void queries.invalidateQueries({ queryKey: ['reservations', 'list'] })
      go(paths.reservation(reservation.id))
    },
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (session.status === 'in') reserve.mutate()
    else go(signInFrom(path))
  }
  const most = availability && availability.available + availability.backorderable
  const isOut = most !== undefined && most <= 0
  const later = availability === undefined || isOut ? 0 : quantity - availability.available
  return (
    <form onSubmit={submit} className={classes.form}>
      <Group align="flex-end" gap="sm">
        <NumberInput
          label="How many"
          className={classes.quantity}
          size="md"
          min={1}
          max={Math.min(most || 1_000_000, mostPerShopper ?? 1_000_000)}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          disabled={isOut}
          value={quantity}
          onChange={(value) => setQuantity(Number(value) || 1)}
        />
        <NativeSelect
          label="Hold them for"
          className={classes.time}
          size="md"
          disabled={isOut}
          value={ttlSeconds}
          onChange={(event) => setTtl(Number(event.currentTarget.value))}
          data={times.map((seconds) => ({ value: String(seconds), label: durationText(seconds) }))}
        />
      </Group>
      {later > 0 && (
        <Text size="sm" role="status">
          {later} of them {later === 1 ? 'is' : 'are'} not here yet{expectedText(backorder?.until)}.{' '}
          {later === 1 ? 'It is' : 'They are'} yours before anybody else’s.
        </Text>
      )}
      <Button type="submit" size="md" fullWidth disabled={isOut} loading={reserve.isPending}>
        {isOut ? 'Nothing left to reserve' : session.status === 'out' ? 'Sign in to reserve' : 'Reserve'}
      </Button>
      {reserve.error !== null && <ProblemNote error={reserve.error} />}
    </form>
  )
}
