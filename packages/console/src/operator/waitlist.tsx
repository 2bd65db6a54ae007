import type { WaitlistEntry } from '@holdfast/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { paths } from '../paths.ts'
import { whenText } from '../shop/texts.ts'
import { StateBadge, type Tone } from '../ui/badge.tsx'
import { BellIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { DataTable, type DataColumn } from './data-table.tsx'
import { Paged } from '../ui/paged.tsx'
import { waitlist, waitlistOf, type WaitlistStatus } from './queries.ts'
import { StateSelect } from './state-select.tsx'

const words: Record<WaitlistStatus, { text: string; tone: Tone }> = {
  WAITING: { text: 'Waiting', tone: 'warm' },
  OFFERED: { text: 'Offered', tone: 'good' },
  FULFILLED: { text: 'Bought', tone: 'calm' },
  LAPSED: { text: 'Let it go', tone: 'calm' },
  LEFT: { text: 'Left', tone: 'calm' },
}

const statuses = Object.keys(words) as WaitlistStatus[]

const columns: DataColumn<WaitlistEntry>[] = [
  { head: 'User', cell: ({ userId }) => userId },
  { head: 'Units', number: true, cell: ({ quantity }) => quantity },
  { head: 'Since', cell: ({ createdAt }) => whenText(createdAt) },
  { head: 'Place', number: true, cell: ({ status, position }) => (status === 'WAITING' ? position : '') },
  {
    head: 'State',
    cell: ({ status }) =>
      status === 'STATUS_UNSPECIFIED' ? null : <StateBadge tone={words[status].tone}>{words[status].text}</StateBadge>,
  },
]

const ofProduct: DataColumn<WaitlistEntry> = {
  head: 'Product',
  cell: ({ sku }) => <Link href={paths.stockOf(sku)}>{sku}</Link>,
}

/** Who waits for what, over all products, the newest first. */
export function WaitlistPage() {
  const [status, setStatus] = useState<WaitlistStatus | undefined>('WAITING')
  return (
    <Page
      title="Waitlist"
      lead="Units that come back or arrive are reserved for the first in line that fits."
      aside={<StateSelect states={statuses} textOf={(one) => words[one].text} value={status} onChange={setStatus} />}
    >
      <Paged query={useInfiniteQuery(waitlist(status))} what="who waits" rowsOf={(page) => page.entries} empty={<NobodyWaits />}>
        {(entries) => (
          <DataTable name="Waitlist" rows={entries} keyOf={({ id }) => id} minWidth={680} columns={[ofProduct, ...columns]} />
        )}
      </Paged>
    </Page>
  )
}

/** The line for one product, the next one first. */
export function ProductWaitlist({ sku }: { sku: string }) {
  return (
    <Paged
      query={useInfiniteQuery(waitlistOf(sku))}
      what="who waits"
      rowsOf={(page) => page.places.flatMap(({ entry }) => entry ?? [])}
      empty={<NobodyWaits />}
    >
      {(entries) => <DataTable name="Who waits" rows={entries} keyOf={({ id }) => id} minWidth={600} columns={columns} />}
    </Paged>
  )
}

function NobodyWaits() {
  return (
    <Empty icon={<BellIcon />} title="Nobody waits">
      Shoppers who find a product sold out can wait for it.
    </Empty>
  )
}
