import { Button, Skeleton, Switch } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'

import { products, productsToBeHad } from '../api/queries.ts'
import { useAvailability } from '../api/use-availability.ts'
import { SearchIcon, ShelfIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { SearchBox, useSearchText, withParam } from '../ui/search-box.tsx'
import { Empty } from '../ui/states.tsx'
import { ProductCard } from './product-card.tsx'
import classes from './catalogue.module.css'

/** In the address: only what can be had. */
const toBeHadParam = 'available'

export function CataloguePage() {
  const search = useSearchText()
  const [params, setParams] = useSearchParams()
  const isToBeHadOnly = params.has(toBeHadParam)
  const all = useInfiniteQuery({ ...products(search), enabled: !isToBeHadOnly })
  const toBeHad = useInfiniteQuery({ ...productsToBeHad(search), enabled: isToBeHadOnly })
  const query = isToBeHadOnly ? toBeHad : all
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = query
  const shown = data?.pages.flatMap((page) => page.products) ?? []
  const availability = useAvailability(shown.map(({ sku }) => sku))
  return (
    <Page title="Catalogue" lead="What is in stock, as it is this second. Reserve it, and it stays yours while you decide.">
      <search className={classes.search}>
        <SearchBox label="Search the catalogue" placeholder="Name or SKU" />
        <Switch
          label="Only what can be had"
          checked={isToBeHadOnly}
          onChange={({ currentTarget: { checked } }) =>
            setParams((now) => withParam(now, toBeHadParam, checked ? '1' : ''), { replace: true })
          }
        />
      </search>
      {error !== null && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {isPending && error === null && <Shelves />}
      {data !== undefined && shown.length === 0 && !isPlaceholderData && (
        <Nothing isOfAll={search === '' && !isToBeHadOnly} isThereMore={hasNextPage} />
      )}
      <ul className={classes.grid} aria-busy={isPlaceholderData} aria-label="Products">
        {shown.map((product) => (
          <li key={product.sku}>
            <ProductCard product={product} availability={availability.get(product.sku)} />
          </li>
        ))}
      </ul>
      {hasNextPage && !isPlaceholderData && (
        <div className={classes.more}>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {shown.length === 0 ? 'Look further' : 'Show more'}
          </Button>
        </div>
      )}
    </Page>
  )
}

function Nothing({ isOfAll, isThereMore }: { isOfAll: boolean; isThereMore: boolean }) {
  if (isOfAll) {
    return (
      <Empty icon={<ShelfIcon />} title="The shelves are empty">
        Nothing is for sale yet. Products that an operator makes are shown here at once.
      </Empty>
    )
  }
  return (
    <Empty icon={<SearchIcon />} title={isThereMore ? 'Nothing so far' : 'Nothing found'}>
      {isThereMore ? 'A thousand products were looked through, and there are more.' : 'Try fewer words, or parts of them.'}
    </Empty>
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
