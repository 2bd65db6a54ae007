/** What the pages read, each with its key. What changes something is in the pages that do it. */
import type { ListProductsResponse, Order, Product, Reservation } from '@holdfast/client'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'

import { api } from './client.ts'
import { serverNow } from './clock.ts'

/** Of a list that a page shows. */
const pageSize = 24

/** While something is about to change by itself, ms. */
const soonMs = 1_000
const nowAndThenMs = 15_000
const waitingMs = 4_000

/** @param search words that are in the SKU or the name; empty: all of them */
export function products(search: string) {
  return infiniteQueryOptions({
    queryKey: ['products', 'list', search],
    queryFn: async ({ pageParam, signal }) => api.listProducts({ search, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  })
}

/** How many products are looked through in one request, and for one page of those that can be had. */
const lookedThroughAtOnce = 100
const mostLookedThrough = 1_000

/**
 * Those of which something can be had when the page is read. Lists of products say nothing of stock, which would be old where they are
 * kept, so they are looked through here; a page may have none, and still not be the last.
 */
export function productsToBeHad(search: string) {
  return infiniteQueryOptions({
    queryKey: ['products', 'to be had', search],
    queryFn: async ({ pageParam, signal }) => lookThrough(search, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  })
}

async function lookThrough(search: string, from: string, signal: AbortSignal): Promise<ListProductsResponse> {
  const found: Product[] = []
  let pageToken = from
  for (let looked = 0; looked < mostLookedThrough && found.length < pageSize; looked += lookedThroughAtOnce) {
    const page = await api.listProducts({ search, pageSize: lookedThroughAtOnce, pageToken }, { signal })
    const skus = page.products.map(({ sku }) => sku)
    const { availability } = skus.length === 0 ? { availability: [] } : await api.getAvailability({ skus }, { signal })
    const there = new Set(availability.filter((one) => one.available + one.backorderable > 0).map(({ sku }) => sku))
    found.push(...page.products.filter(({ sku }) => there.has(sku)))
    pageToken = page.nextPageToken
    if (pageToken === '') break
  }
  return { products: found, nextPageToken: pageToken }
}

export function product(sku: string) {
  return queryOptions({
    queryKey: ['products', sku],
    queryFn: async ({ signal }) => api.getProduct({ sku }, { signal }),
    staleTime: 60_000,
  })
}

/** Those of whoever is signed in, newest first. @param status all when absent */
export function reservations(userId: string, status?: 'ACTIVE') {
  return infiniteQueryOptions({
    queryKey: ['reservations', 'list', userId, status ?? 'all'],
    queryFn: async ({ pageParam, signal }) =>
      api.listReservations({ userId, status, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

/** One that is followed until it has ended. */
export function reservation(id: string) {
  return queryOptions({
    queryKey: ['reservations', id],
    queryFn: async ({ signal }) => (await api.getReservation({ id }, { signal })).reservation,
    refetchInterval: ({ state: { data } }) => whenToLook(data),
  })
}

function whenToLook(data: Reservation | undefined): number | false {
  if (data?.status !== 'ACTIVE') return false
  const leftMs = Date.parse(data.expiresAt ?? '') - serverNow()
  return leftMs <= 0 ? soonMs : Math.min(leftMs + 50, nowAndThenMs)
}

/** Those of whoever is signed in, newest first. */
export function orders(userId: string) {
  return infiniteQueryOptions({
    queryKey: ['orders', 'list', userId],
    queryFn: async ({ pageParam, signal }) => api.listOrders({ userId, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

/** One that is followed while its payment or its refund is under way. */
export function order(id: string) {
  return queryOptions({
    queryKey: ['orders', id],
    queryFn: async ({ signal }) => (await api.getOrder({ id }, { signal })).order,
    refetchInterval: ({ state: { data } }) => (isUnderWay(data) ? soonMs : false),
  })
}

/** Where somebody waits, newest first; followed while they do. */
export function waitlist(userId: string) {
  return infiniteQueryOptions({
    queryKey: ['waitlist', userId],
    queryFn: async ({ pageParam, signal }) => api.listWaitlistEntries({ userId, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: ({ state: { data } }) => {
      const isWaiting = data?.pages.some(({ entries }) => entries.some(({ status }) => status === 'WAITING')) ?? false
      return isWaiting ? waitingMs : false
    },
  })
}

function isUnderWay(data: Order | undefined): boolean {
  return data?.paymentStatus === 'IN_PROGRESS' || data?.paymentStatus === 'REFUND_PENDING'
}
