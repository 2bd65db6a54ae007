import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'

import { products } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { ShelfIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { ProductCard } from './product-card.tsx'
import classes from './catalogue.module.css'

export function CataloguePage() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(products)
  const shown = data?.pages.flatMap((page) => page.products) ?? []
  const availability = useAvailability(shown.map(({ sku }) => sku))
  return (
    <Page title="Catalogue" lead="What is in stock, as it is this second. Reserve it, and it stays yours while you decide.">
      {error !== null && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {isPending && <Shelves />}
      {data !== undefined && shown.length === 0 && (
        <Empty icon={<ShelfIcon />} title="The shelves are empty">
          Nothing is for sale yet. Products that an operator makes are shown here at once.
        </Empty>
      )}
      <ul className={classes.grid}>
        {shown.map((product) => (
          <li key={product.sku}>
            <ProductCard product={product} availability={availability.get(product.sku)} />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <div className={classes.more}>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Page>
  )
}

function Shelves() {
  return (
    <div className={classes.grid} role="status" aria-label="Loading the catalogue">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} height={290} radius="lg" />
      ))}
    </div>
  )
}
