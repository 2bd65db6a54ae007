/** What the pages read, each with its key. What changes something is in the pages that do it. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'

import { api } from './client.ts'

const pageSize = 24

export const products = infiniteQueryOptions({
  queryKey: ['products'],
  queryFn: async ({ pageParam, signal }) => api.listProducts({ pageSize, pageToken: pageParam }, { signal }),
  initialPageParam: '',
  getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  staleTime: 60_000,
})

export function product(sku: string) {
  return queryOptions({
    queryKey: ['products', sku],
    queryFn: async ({ signal }) => api.getProduct({ sku }, { signal }),
    staleTime: 60_000,
  })
}
