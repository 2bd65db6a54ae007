import { HoldfastApiError, type Sale } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../api/client.ts'
import { OperatorFrame } from '../operator/operator-frame.tsx'
import { BoltIcon, PlugIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { Comparison } from './comparison.tsx'
import { sales as salesQuery } from './queries.ts'
import { Stage } from './stage.tsx'
import { StartForm, type Wanted } from './start-form.tsx'
import { isOver, useSale } from './use-sale.ts'
import { Verdict } from './verdict.tsx'
import { labelOf, strategies, type Strategy } from './words.ts'
import classes from './page.module.css'

/** The flash-sale room: a sale to simulated shoppers, served by this very system. */
export default function FlashSalePage() {
  const { data: sales, error, refetch } = useQuery(salesQuery)
  const isMissing = error instanceof HoldfastApiError && error.status === 404
  return (
    <OperatorFrame>
      <Page
        title="The flash-sale room"
        lead="Simulated shoppers want the same product at the same moment. Each is a client like any other: this system serves them, through its own gateway, and nothing is sold twice."
      >
        {isMissing && (
          <Empty icon={<PlugIcon />} title="This system has no flash-sale room">
            It belongs to a system on one machine: <code>npm start</code> has it, unless <code>DEMO</code> is <code>off</code>.
          </Empty>
        )}
        {error !== null && !isMissing && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {sales === undefined && error === null && <Loading what="the room" />}
        {sales !== undefined && <Room sales={sales} />}
      </Page>
    </OperatorFrame>
  )
}

function Room({ sales }: { sales: readonly Sale[] }) {
  const [wanted, setWanted] = useState<Wanted>({ stock: 500, shoppers: 2_000, strategy: 'COMBINING' })
  const [chosen, setChosen] = useState<string>()
  const start = useMutation({
    mutationFn: async (sale: Wanted) => api.createSale(sale),
    onSuccess: ({ sale }) => setChosen(sale?.id),
  })
  const stop = useMutation({ mutationFn: async (id: string) => api.stopSale({ id }) })
  // One that is under way is watched by whoever comes in.
  const id = chosen ?? sales.find((sale) => !isOver(sale))?.id
  const { seen, error } = useSale(id)
  const isRunning = seen !== undefined && !isOver(seen.sale)
  const begin = (sale: Wanted): void => {
    setWanted(sale)
    start.mutate(sale)
  }
  const past = sales.filter(isOver)
  return (
    <div className={classes.room}>
      <Panel>
        <StartForm
          wanted={wanted}
          onChange={setWanted}
          onStart={() => begin(wanted)}
          onStop={isRunning ? () => stop.mutate(seen.sale.id) : undefined}
          isBusy={start.isPending}
          error={start.error}
        />
      </Panel>
      {(error !== null || stop.error !== null) && <ProblemNote error={error ?? stop.error} />}
      {id === undefined && past.length === 0 && (
        <Empty icon={<BoltIcon />} title="The doors are closed">
          Choose how many units there are and how many want one, and open the doors.
        </Empty>
      )}
      {id !== undefined && seen === undefined && error === null && <Loading what="the sale" />}
      {seen !== undefined && isOver(seen.sale) && (
        <>
          <Verdict sale={seen.sale} />
          <Again sale={seen.sale} past={past} onBegin={begin} />
        </>
      )}
      {seen !== undefined && <Stage seen={seen} />}
      {past.length > 0 && <Comparison sales={past} />}
    </div>
  )
}

/** The same sale by the strategies that it has not been held with yet. */
function Again({ sale, past, onBegin }: { sale: Sale; past: readonly Sale[]; onBegin: (sale: Wanted) => void }) {
  const { stock, shoppers } = sale
  const isAlike = (other: Sale): boolean => other.stock === stock && other.shoppers === shoppers
  const done = new Set<string>([sale, ...past.filter(isAlike)].map(({ strategy }) => strategy))
  const left: Strategy[] = strategies.map(({ value }) => value).filter((strategy) => !done.has(strategy))
  if (left.length === 0) return null
  return (
    <div className={classes.again}>
      The same sale beside it:
      {left.map((strategy) => (
        <Button key={strategy} size="xs" variant="light" onClick={() => onBegin({ stock, shoppers, strategy })}>
          {labelOf(strategy)}
        </Button>
      ))}
    </div>
  )
}
