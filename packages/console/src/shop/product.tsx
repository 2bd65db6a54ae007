import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { product as productQuery } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { paths } from '../paths.ts'
import { moneyText } from '../ui/money.ts'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { SkuArt } from '../ui/sku-art.tsx'
import { Loading } from '../ui/states.tsx'
import { StockLevel } from '../ui/stock-level.tsx'
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
          <Text c="dimmed" size="sm" mt="lg">
            {product.sku}
          </Text>
        </Page>
      </div>
    </div>
  )
}
