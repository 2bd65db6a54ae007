import type { ActivityFigures, ActivitySku, GetActivityResponse, Money } from '@holdfast/client'
import { SegmentedControl, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { paths } from '../paths.ts'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import { Columns } from './columns.tsx'
import { DataTable } from './data-table.tsx'
import { Figure, Figures } from './figures.tsx'
import { activity, type Span } from './queries.ts'
import classes from './overview.module.css'

const spans: { value: Span; label: string; name: Intl.DateTimeFormatOptions }[] = [
  { value: 'hour', label: 'Hour', name: { hour: '2-digit', minute: '2-digit' } },
  { value: 'day', label: 'Day', name: { weekday: 'short', hour: '2-digit', minute: '2-digit' } },
  { value: 'month', label: '30 days', name: { day: 'numeric', month: 'short' } },
]

/** What the shop did, from its events alone: a moment behind, and true to them. */
export function OverviewPage() {
  const [span, setSpan] = useState<Span>('day')
  const { data, error, refetch } = useQuery(activity(span))
  return (
    <Page
      title="What the shop did"
      lead="What was reserved, what became of it, and what was paid."
      aside={
        <SegmentedControl aria-label="How far back" data={spans} value={span} onChange={(value) => setSpan(value)} radius="xl" />
      }
    >
      {error !== null && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Loading what="the figures" />}
      {data !== undefined && <Activity data={data} name={spans.find(({ value }) => value === span)?.name} />}
    </Page>
  )
}

function Activity({ data, name }: { data: GetActivityResponse; name: Intl.DateTimeFormatOptions | undefined }) {
  const format = new Intl.DateTimeFormat(undefined, name)
  const columnsOf = (read: (figures: ActivityFigures) => { value: number; text: string }) =>
    data.buckets.flatMap(({ start, figures }) =>
      start === undefined || figures === undefined ? [] : [{ name: format.format(new Date(start)), ...read(figures) }],
    )
  const currency = data.totals?.revenue[0]?.currency
  const count = (text: string) => ({ value: Number(text), text })
  return (
    <div className={classes.parts}>
      {data.totals !== undefined && <Totals total={data.totals} />}
      <Panel>
        <Columns title="Reservations made" columns={columnsOf((figures) => count(figures.reservationsCreated))} />
      </Panel>
      <Panel>
        <Columns
          title={currency === undefined ? 'Revenue' : `Revenue in ${currency}`}
          columns={columnsOf(({ revenue }) => amountIn(revenue, currency))}
        />
      </Panel>
      {data.topSkus.length > 0 && <TopSkus skus={data.topSkus} />}
    </div>
  )
}

function Totals({ total }: { total: ActivityFigures }) {
  return (
    <Figures>
      <Figure name="Reservations" value={total.reservationsCreated} />
      <Figure name="Open now" value={total.reservationsActive} />
      <Figure name="Became a sale" value={share(total.conversionRate)} />
      <Figure name="Lapsed" value={share(total.expiryRate)} />
      <Figure name="Orders paid" value={total.ordersConfirmed} />
      <Figure name="Of these, cancelled" value={total.ordersCancelled} />
      <Figure name="Revenue" value={amounts(total.revenue)} />
      <Figure name="Refunds" value={amounts(total.refunds)} />
    </Figures>
  )
}

function TopSkus({ skus }: { skus: readonly ActivitySku[] }) {
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        What sold most
      </Title>
      <DataTable
        name="What sold most"
        rows={skus}
        keyOf={({ sku, revenue }) => `${sku}/${revenue?.currency ?? ''}`}
        minWidth={420}
        columns={[
          { head: 'SKU', cell: ({ sku }) => <Link href={paths.stockOf(sku)}>{sku}</Link> },
          { head: 'Reserved', number: true, cell: ({ unitsReserved }) => unitsReserved },
          { head: 'Sold', number: true, cell: ({ unitsSold }) => unitsSold },
          { head: 'Revenue', number: true, cell: ({ revenue }) => moneyText(revenue) },
        ]}
      />
    </section>
  )
}

function amounts(of: readonly Money[]): string[] {
  return of.length === 0 ? ['0'] : of.map(moneyText)
}

function amountIn(revenue: readonly Money[], currency: string | undefined): { value: number; text: string } {
  const money = revenue.find((one) => one.currency === currency)
  return { value: Number(money?.amountMinor ?? 0), text: money === undefined ? '0' : moneyText(money) }
}

const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

/** Absent when there was nothing to have a share of. */
function share(rate: ActivityFigures['conversionRate']): string {
  return rate === undefined ? 'none yet' : percent.format(Number(rate))
}
