import type { Sale } from '@holdfast/client'
import { Title } from '@mantine/core'

import { DataTable } from '../operator/data-table.tsx'
import { StateBadge } from '../ui/badge.tsx'
import { count, duration, labelOf } from './words.ts'
import classes from './comparison.module.css'

/** Sales that are over, beside one another. */
export function Comparison({ sales }: { sales: readonly Sale[] }) {
  const fastest = Math.max(...sales.map(({ answersPerSecond }) => answersPerSecond))
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        Beside one another
      </Title>
      <DataTable
        name="Sales beside one another"
        rows={sales}
        keyOf={({ id }) => id}
        minWidth={820}
        columns={[
          { head: 'Strategy', cell: ({ strategy }) => <strong>{labelOf(strategy)}</strong> },
          { head: 'Sale', cell: ({ stock, shoppers }) => `${count(stock)} for ${count(shoppers)}` },
          {
            head: 'Answers a second',
            cell: ({ answersPerSecond }) => (
              <span className={classes.rate}>
                <span className={classes.bar}>
                  <span style={{ width: `${fastest > 0 ? (100 * answersPerSecond) / fastest : 0}%` }} />
                </span>
                {count(answersPerSecond)}
              </span>
            ),
          },
          { head: 'Race', number: true, cell: ({ raceMs }) => duration(raceMs * 1_000) },
          { head: 'p50', number: true, cell: ({ latency }) => duration(latency?.p50Micros ?? 0) },
          { head: 'p95', number: true, cell: ({ latency }) => duration(latency?.p95Micros ?? 0) },
          { head: 'p99', number: true, cell: ({ latency }) => duration(latency?.p99Micros ?? 0) },
          { head: 'Won', number: true, cell: ({ won }) => count(won) },
          { head: 'Refused', number: true, cell: ({ refused }) => count(refused) },
          { head: 'Sold', number: true, cell: ({ paid }) => count(paid) },
          { head: 'Books', cell: (sale) => <Books sale={sale} /> },
        ]}
      />
    </section>
  )
}

function Books({ sale: { phase, books } }: { sale: Sale }) {
  if (books === undefined) return <StateBadge tone="calm">{phase === 'STOPPED' ? 'stopped' : 'failed'}</StateBadge>
  return books.balanced ? <StateBadge tone="good">balance</StateBadge> : <StateBadge tone="bad">differ</StateBadge>
}
