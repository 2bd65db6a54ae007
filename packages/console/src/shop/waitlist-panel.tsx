import type { Product, User } from '@holdfast/client'
import { Anchor, Button, Group, NumberInput, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { api } from '../api/client.ts'
import { waitlist } from '../api/queries.ts'
import { useSession } from '../api/use-session.ts'
import { signInFrom } from '../paths.ts'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { WaitlistAction, WaitlistState } from './waitlist-entry.tsx'
import classes from './waitlist-panel.module.css'

export interface WaitlistPanelProps {
  product: Product
  /** Nothing is left of it. */
  isOut: boolean
}

/** The line for a product: to join where nothing is left, to leave where somebody is in it. A bundle has none. */
export function WaitlistPanel({ product, isOut }: WaitlistPanelProps) {
  const session = useSession()
  const [path] = useLocation()
  if (product.parts.length > 0) return null
  if (session.status === 'out' && isOut) {
    return (
      <Text mt="md" size="sm">
        <Anchor component={Link} href={signInFrom(path)} inherit underline="always">
          Sign in
        </Anchor>{' '}
        to wait for it in line.
      </Text>
    )
  }
  if (session.status !== 'in') return null
  return <Shown product={product} isOut={isOut} user={session.user} />
}

function Shown({ product: { sku, mostPerShopper }, isOut, user }: WaitlistPanelProps & { user: User }) {
  const { data } = useInfiniteQuery(waitlist(user.id))
  const entries = data?.pages.flatMap((page) => page.entries) ?? []
  const live = entries.find((entry) => entry.sku === sku && (entry.status === 'WAITING' || entry.status === 'OFFERED'))
  if (live === undefined) return isOut && data !== undefined ? <Join sku={sku} most={mostPerShopper} /> : null
  return (
    <div className={classes.place}>
      <Panel title="Your place in line">
        <Group>
          <Text>
            {live.quantity} × {sku}
          </Text>
          <WaitlistState entry={live} />
          <WaitlistAction entry={live} />
        </Group>
      </Panel>
    </div>
  )
}

function Join({ sku, most }: { sku: string; most: number | undefined }) {
  const queries = useQueryClient()
  const [quantity, setQuantity] = useState(1)
  const join = useMutation({
    mutationFn: async () => api.createWaitlistEntry({ sku, quantity }),
    onSuccess: async () => queries.invalidateQueries({ queryKey: ['waitlist'] }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    join.mutate()
  }
  return (
    <div className={classes.place}>
      <Panel title="Wait for it">
        <form onSubmit={submit}>
          <Text size="sm" c="dimmed" mb="sm">
            What comes back is held for the first in line, for a few minutes. Whoever asks for less may be served sooner.
          </Text>
          <Group align="flex-end">
            <NumberInput
              label="Units to wait for"
              className={classes.quantity}
              min={1}
              max={most ?? 1_000_000}
              clampBehavior="strict"
              allowDecimal={false}
              allowNegative={false}
              value={quantity}
              onChange={(value) => setQuantity(Number(value) || 1)}
            />
            <Button type="submit" loading={join.isPending}>
              Join the line
            </Button>
          </Group>
          {join.error !== null && <ProblemNote error={join.error} />}
        </form>
      </Panel>
    </div>
  )
}
