import type { Availability, Product } from '@holdfast/client'
import { Button, Group, NumberInput, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'

import { useSession } from '../api/use-session.ts'
import { signInFrom } from '../paths.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import { HoldTime, usualHoldTime } from './hold-time.tsx'
import { IntoBasket } from './into-basket.tsx'
import { expectedText } from './texts.ts'
import { useReserve } from './use-reserve.ts'
import classes from './reserve-form.module.css'

export interface ReserveFormProps {
  product: Product
  availability: Availability | undefined
}

/** How many, for how long, and then they are held. */
export function ReserveForm({ product: { sku, mostPerShopper, backorder }, availability }: ReserveFormProps) {
  const session = useSession()
  const [path, go] = useLocation()
  const [quantity, setQuantity] = useState(1)
  const [ttlSeconds, setTtl] = useState(usualHoldTime)
  const reserve = useReserve()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (session.status === 'in') reserve.mutate({ lines: [{ sku, quantity }], ttlSeconds })
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
        <HoldTime className={classes.time} disabled={isOut} value={ttlSeconds} onChange={setTtl} />
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
      {!isOut && <IntoBasket sku={sku} quantity={quantity} />}
      {reserve.error !== null && <ProblemNote error={reserve.error} />}
    </form>
  )
}
