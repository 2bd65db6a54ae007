import { Button } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { linesAtFault } from '../api/error-words.ts'
import { product as productQuery } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { useSession } from '../api/use-session.ts'
import { paths, signInFrom } from '../paths.ts'
import { BasketIcon } from '../ui/icons.tsx'
import { totalText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { type BasketLine, emptyBasket } from './basket.ts'
import { BasketRow } from './basket-row.tsx'
import { HoldTime, usualHoldTime } from './hold-time.tsx'
import { useBasket } from './use-basket.ts'
import { useReserve } from './use-reserve.ts'
import lineClasses from './lines.module.css'
import classes from './two-columns.module.css'

const back = { to: paths.catalogue, text: 'Catalogue' }

export default function BasketPage() {
  const basket = useBasket()
  return (
    <Page
      title="Your basket"
      lead="Nothing in it is held yet. Reserve it, and all of it is yours for a while, or none."
      back={back}
    >
      {basket.length === 0 ? (
        <Empty
          icon={<BasketIcon />}
          title="Nothing in it"
          action={
            <Button component={Link} href={paths.catalogue}>
              To the catalogue
            </Button>
          }
        >
          Put products into it, and reserve them together.
        </Empty>
      ) : (
        <Filled basket={basket} />
      )}
    </Page>
  )
}

function Filled({ basket }: { basket: readonly BasketLine[] }) {
  const session = useSession()
  const [path, go] = useLocation()
  const [ttlSeconds, setTtl] = useState(usualHoldTime)
  const reserve = useReserve(emptyBasket)
  const products = useQueries({ queries: basket.map(({ sku }) => productQuery(sku)) })
  // One that there is not would keep the figures of all others away.
  const availability = useAvailability(basket.map(({ sku }) => sku).filter((_, index) => products[index]?.data !== undefined))
  const lines = basket.map((line, index) => ({ ...line, unitPrice: products[index]?.data?.product?.price }))
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    // Where each of them is is the shop's business.
    if (session.status === 'in') reserve.mutate({ lines: [...basket], ttlSeconds, allowSplit: true })
    else go(signInFrom(path))
  }
  const atFault = linesAtFault(reserve.error)
  const refused = new Set(reserve.variables?.lines?.filter((_, index) => atFault.has(index)).map(({ sku }) => sku))
  return (
    <form onSubmit={submit} className={classes.columns} data-in-order>
      <Panel title="What you want">
        <ul className={lineClasses.lines}>
          {basket.map((line, index) => (
            <BasketRow
              key={line.sku}
              line={line}
              product={products[index]?.data?.product}
              readError={products[index]?.error ?? null}
              availability={availability.get(line.sku)}
              refusal={refused.has(line.sku) ? reserve.error : null}
              changed={reserve.reset}
            />
          ))}
        </ul>
        <p className={lineClasses.total}>
          Total <strong>{totalText(lines)}</strong>
        </p>
      </Panel>
      <div className={classes.side}>
        <Panel title="Reserve them together">
          <HoldTime value={ttlSeconds} onChange={setTtl} />
          <Button type="submit" size="md" mt="md" fullWidth loading={reserve.isPending}>
            {session.status === 'out' ? 'Sign in to reserve' : 'Reserve all of it'}
          </Button>
          {reserve.error !== null && <ProblemNote error={reserve.error} />}
        </Panel>
      </div>
    </form>
  )
}
