/** What the pages read, each with its key. What changes something is in the pages that do it. */
import type { Order, Reservation } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'

import { api } from './client.ts'
import { serverNow } from './clock.ts'

/** Of a list that a page shows. */
const pageSize = 24

/** While something is about to change by itself, ms. */
const soonMs = 1_000
const nowAndThenMs = 15_000
const waitingMs = 4_000

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
