import { Button } from '@mantine/core'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { ProblemNote } from './problem-note.tsx'
import { Loading } from './states.tsx'

export interface PagedProps<Page, Row> {
  query: UseInfiniteQueryResult<InfiniteData<Page>>
  /** What is waited for. */
  what: string
  rowsOf: (page: Page) => readonly Row[]
  /** Shown where there are none. */
  empty: ReactNode
  /** Shows those that are there. */
  children: (rows: readonly Row[]) => ReactNode
}

/** A list that comes in pages, with all that it may be besides full. */
export function Paged<Page, Row>({ query, what, rowsOf, empty, children }: PagedProps<Page, Row>) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = query
  const rows = data?.pages.flatMap(rowsOf)
  return (
    <>
      {error !== null && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {rows === undefined && error === null && <Loading what={what} />}
      {rows?.length === 0 && empty}
      {rows !== undefined && rows.length > 0 && children(rows)}
      {hasNextPage && (
        <Button variant="default" mt="lg" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}
