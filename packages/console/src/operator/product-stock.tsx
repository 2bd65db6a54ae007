import type { Availability, Product, ProductHold, StockMovement } from '@holdfast/client'
import { Tabs } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'

import { product as productQuery } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { paths } from '../paths.ts'
import { whenText } from '../shop/texts.ts'
import { StateBadge } from '../ui/badge.tsx'
import { ClockIcon, ReceiptIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Figure, Figures } from './figures.tsx'
import { Paged } from '../ui/paged.tsx'
import { holdsOf, movements } from './queries.ts'
import { StockActions } from './stock-actions.tsx'
import { ProductWaitlist } from './waitlist.tsx'
import classes from './stock.module.css'

const back = { to: paths.stock, text: 'Stock' }

/** One product: what there is of it and where, who holds it, how it came to that, and what can be done. */
export function ProductStockPage({ sku }: { sku: string }) {
  const { data, error, refetch } = useQuery(productQuery(sku))
  const availability = useAvailability([sku]).get(sku)
  const product = data?.product
  if (product === undefined) {
    return (
      <Page title={sku} back={back}>
        {error === null ? <Loading what="the product" /> : <ProblemNote error={error} onRetry={() => void refetch()} />}
      </Page>
    )
  }
  const isBundle = product.parts.length > 0
  return (
    <Page title={product.name} lead={sku} back={back}>
      <div className={classes.parts}>
        {availability === undefined ? <Loading what="its levels" /> : <Levels availability={availability} />}
        {isBundle ? <Parts product={product} /> : <StockActions product={product} availability={availability} />}
        <Tabs defaultValue="holds" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="holds">Who holds it</Tabs.Tab>
            {!isBundle && <Tabs.Tab value="waitlist">Who waits</Tabs.Tab>}
            {!isBundle && <Tabs.Tab value="movements">Movements</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="holds">
            <Holds sku={sku} />
          </Tabs.Panel>
          <Tabs.Panel value="waitlist">
            <ProductWaitlist sku={sku} />
          </Tabs.Panel>
          <Tabs.Panel value="movements">
            <Movements sku={sku} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </Page>
  )
}

function Levels({ availability }: { availability: Availability }) {
  const { onHand, reserved, withheld, incoming, available, promised, backorderable, warehouses } = availability
  return (
    <>
      <Figures>
        <Figure name="Available" value={String(available)} />
        <Figure name="Reserved" value={String(reserved)} />
        <Figure name="Withheld" value={String(withheld)} />
        <Figure name="On hand" value={String(onHand)} />
        <Figure name="On the way" value={String(incoming)} />
        {(promised > 0 || backorderable > 0) && (
          <Figure name="Promised beyond that" value={`${promised} of ${promised + backorderable}`} />
        )}
      </Figures>
      <DataTable
        name="In each warehouse"
        rows={warehouses}
        keyOf={({ warehouse }) => warehouse}
        minWidth={480}
        columns={[
          { head: 'Warehouse', cell: ({ warehouse }) => warehouse },
          { head: 'On hand', number: true, cell: (level) => level.onHand },
          { head: 'Reserved', number: true, cell: (level) => level.reserved },
          { head: 'Withheld', number: true, cell: (level) => level.withheld },
          { head: 'On the way', number: true, cell: (level) => level.incoming },
          { head: 'Available', number: true, cell: (level) => level.available },
        ]}
      />
    </>
  )
}

function Parts({ product }: { product: Product }) {
  return (
    <Panel title="One of it is made of">
      <ul className={classes.list}>
        {product.parts.map(({ sku, quantity }) => (
          <li key={sku}>
            {quantity} × {sku}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Holds({ sku }: { sku: string }) {
  return (
    <Paged
      query={useInfiniteQuery(holdsOf(sku))}
      what="who holds it"
      rowsOf={(page) => page.holds}
      empty={
        <Empty icon={<ClockIcon />} title="Nobody holds any">
          Units that somebody reserves are shown here with whose they are and for how long.
        </Empty>
      }
    >
      {(holds) => (
        <DataTable
          name="Who holds it"
          rows={holds}
          keyOf={({ holdId, warehouse, bundle }) => `${holdId}/${warehouse}/${bundle}`}
          minWidth={640}
          columns={[
            { head: 'User', cell: ({ userId }) => userId },
            { head: 'From', cell: ({ warehouse, bundle }) => (bundle === '' ? warehouse : `${warehouse}, in ${bundle}`) },
            { head: 'Units', number: true, cell: ({ quantity }) => quantity },
            { head: 'Since', cell: ({ createdAt }) => whenText(createdAt) },
            { head: 'Until', cell: ({ expiresAt }) => whenText(expiresAt) },
            { head: 'State', cell: holdState },
          ]}
        />
      )}
    </Paged>
  )
}

function holdState(hold: ProductHold) {
  if (hold.state === 'LAPSED') return <StateBadge tone="calm">Lapsed, counts as free</StateBadge>
  return hold.protected ? <StateBadge tone="warm">Being paid</StateBadge> : <StateBadge tone="good">Held</StateBadge>
}

function Movements({ sku }: { sku: string }) {
  return (
    <Paged
      query={useInfiniteQuery(movements(sku))}
      what="the movements"
      rowsOf={(page) => page.movements}
      empty={
        <Empty icon={<ReceiptIcon />} title="Nothing has moved yet">
          Every unit that comes, goes, or changes its state leaves an entry here.
        </Empty>
      }
    >
      {(rows) => (
        <DataTable
          name="Movements"
          rows={rows}
          keyOf={({ id }) => id}
          minWidth={760}
          columns={[
            { head: 'When', cell: ({ at }) => whenText(at) },
            { head: 'What', cell: ({ kind }) => capital(kind) },
            { head: 'Where', cell: ({ warehouse }) => warehouse },
            { head: 'Units', number: true, cell: ({ quantity }) => quantity },
            { head: 'From, to', cell: ({ from, to }) => `${capital(from)} → ${capital(to)}` },
            { head: 'Why', cell: whyText },
          ]}
        />
      )}
    </Paged>
  )
}

function whyText({ reason, reference, actor }: StockMovement): string {
  return [reason || reference, actor?.role === 'ADMIN' ? 'by an operator' : ''].filter(Boolean).join(', ')
}

function capital(name: string): string {
  return name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' ')
}
