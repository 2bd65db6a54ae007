import type { Availability, Product } from '@holdfast/client'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { product as productQuery } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { paths } from '../paths.ts'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { SkuArt } from '../ui/sku-art.tsx'
import { Loading } from '../ui/states.tsx'
import { StockLevel } from '../ui/stock-level.tsx'
import { ReserveForm } from './reserve-form.tsx'
import { WaitlistPanel } from './waitlist-panel.tsx'
import classes from './product.module.css'

const back = { to: paths.catalogue, text: 'Catalogue' }

export default function ProductPage({ sku }: { sku: string }) {
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
  return (
    <div className={classes.product}>
      <div className={classes.art}>
        <SkuArt sku={product.sku} />
      </div>
      <div>
        <Page title={product.name} lead={product.description} back={back}>
          <p className={classes.price}>{moneyText(product.price)}</p>
          <StockLevel availability={availability} />
          <ReserveForm product={product} availability={availability} />
          <WaitlistPanel
            product={product}
            isOut={availability !== undefined && availability.available + availability.backorderable <= 0}
          />
          <Details product={product} availability={availability} />
        </Page>
      </div>
    </div>
  )
}

/** What else is known of it. */
function Details({ product, availability }: { product: Product; availability: Availability | undefined }) {
  const places = availability?.warehouses.filter(({ available, incoming }) => available > 0 || incoming > 0) ?? []
  return (
    <dl className={classes.details}>
      <dt>SKU</dt>
      <dd>{product.sku}</dd>
      {product.mostPerShopper !== undefined && (
        <>
          <dt>For each shopper</dt>
          <dd>{product.mostPerShopper} at most</dd>
        </>
      )}
      {product.parts.length > 0 && (
        <>
          <dt>Made of</dt>
          <dd>
            {product.parts.map((part) => (
              <Link key={part.sku} href={paths.product(part.sku)} className={classes.part}>
                {part.quantity} × {part.sku}
              </Link>
            ))}
          </dd>
        </>
      )}
      {places.length > 0 && (
        <>
          <dt>Where it is</dt>
          <dd>{places.map(placeText).join('; ')}</dd>
        </>
      )}
    </dl>
  )
}

function placeText({ warehouse, available, incoming }: { warehouse: string; available: number; incoming: number }): string {
  return `${warehouse}: ${available}${incoming > 0 ? `, ${incoming} on the way` : ''}`
}
