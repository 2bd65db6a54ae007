import type { WaitlistEntry } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api } from '../api/client.ts'
import { paths } from '../paths.ts'
import { type Tone, StateBadge } from '../ui/badge.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'

const states: Record<WaitlistEntry['status'], { text: string; tone: Tone }> = {
  STATUS_UNSPECIFIED: { text: 'Unknown', tone: 'calm' },
  WAITING: { text: 'Waiting', tone: 'warm' },
  OFFERED: { text: 'Held for you', tone: 'good' },
  FULFILLED: { text: 'Ordered', tone: 'good' },
  LAPSED: { text: 'Not taken', tone: 'calm' },
  LEFT: { text: 'Left', tone: 'calm' },
}

export function WaitlistState({ entry: { status, position } }: { entry: WaitlistEntry }) {
  const { text, tone } = states[status] ?? states.STATUS_UNSPECIFIED
  return (
    <StateBadge tone={tone}>
      {text}
      {status === 'WAITING' && position > 0 && `, ${placeText(position)} in line`}
    </StateBadge>
  )
}

/** `1st`, `2nd`, `3rd`, `11th`. */
function placeText(position: number): string {
  const endings: Record<string, string> = { one: 'st', two: 'nd', few: 'rd' }
  return `${position}${endings[new Intl.PluralRules('en', { type: 'ordinal' }).select(position)] ?? 'th'}`
}

/** Leaves the line, or takes what it led to. */
export function WaitlistAction({ entry: { id, status, reservationId } }: { entry: WaitlistEntry }) {
  const queries = useQueryClient()
  const leave = useMutation({
    mutationFn: async () => api.deleteWaitlistEntry({ id }),
    onSettled: async () => queries.invalidateQueries({ queryKey: ['waitlist'] }),
  })
  if (status === 'OFFERED') {
    return (
      <Button component={Link} href={paths.reservation(reservationId)} size="xs">
        See it
      </Button>
    )
  }
  if (status !== 'WAITING') return null
  return (
    <>
      <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        Leave the line
      </Button>
      {leave.error !== null && <ProblemNote error={leave.error} />}
    </>
  )
}
