/** What the operator's pages read, each with its key. */
import type { Operations } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { serverNow } from '../api/clock.ts'

const pageSize = 50

/** Figures that others change all the time are asked for so often, ms. */
const oftenMs = 10_000

export type Span = 'hour' | 'day' | 'month'

const spans = {
  hour: { lengthMs: 3_600_000, bucket: 'MINUTE' },
  day: { lengthMs: 86_400_000, bucket: 'HOUR' },
  month: { lengthMs: 30 * 86_400_000, bucket: 'DAY' },
} as const

/** The last hour by the minute, day by the hour, or 30 days by the day. */
export function activity(span: Span) {
  return queryOptions({
    queryKey: ['activity', span],
    queryFn: async ({ signal }) => {
      const { lengthMs, bucket } = spans[span]
      const from = new Date(serverNow() - lengthMs).toISOString()
      return api.getActivity({ from, bucket, top: 10 }, { signal })
    },
    refetchInterval: oftenMs,
  })
}

export type AuditFilter = Pick<
  Operations['listAuditRecords']['request'],
  'action' | 'objectType' | 'objectId' | 'actorId' | 'requestId'
>

/** The newest first. */
export function auditRecords(filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: async ({ pageParam, signal }) => api.listAuditRecords({ ...filter, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

/** @param email that of the one who is looked for; all when empty */
export function users(email: string) {
  return infiniteQueryOptions({
    queryKey: ['users', email],
    queryFn: async ({ pageParam, signal }) => api.listUsers({ email, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

/** All of them; a shop has few. */
export const warehouses = queryOptions({
  queryKey: ['warehouses'],
  queryFn: async ({ signal }) => (await api.listWarehouses({ pageSize: 1_000 }, { signal })).warehouses,
  staleTime: 60_000,
})

/** The ledger of a product, the newest first. */
export function movements(sku: string) {
  return infiniteQueryOptions({
    queryKey: ['stock', sku, 'movements'],
    queryFn: async ({ pageParam, signal }) => api.getStockHistory({ sku, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

/** Who holds units of a product; whose time is up first is first. */
export function holdsOf(sku: string) {
  return infiniteQueryOptions({
    queryKey: ['stock', sku, 'holds'],
    queryFn: async ({ pageParam, signal }) => api.listProductHolds({ sku, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: oftenMs,
  })
}

export type OrderStatus = NonNullable<Operations['listOrders']['request']['status']>

/** Everybody's, the newest first. */
export function allOrders(status: OrderStatus | undefined) {
  return infiniteQueryOptions({
    queryKey: ['orders', 'of-all', status ?? 'all'],
    queryFn: async ({ pageParam, signal }) => api.listOrders({ status, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: oftenMs,
  })
}

export type ReservationStatus = NonNullable<Operations['listReservations']['request']['status']>

/** Everybody's, the newest first. */
export function allReservations(status: ReservationStatus | undefined) {
  return infiniteQueryOptions({
    queryKey: ['reservations', 'of-all', status ?? 'all'],
    queryFn: async ({ pageParam, signal }) => api.listReservations({ status, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: oftenMs,
  })
}

export type ShipmentState = NonNullable<Operations['listShipments']['request']['state']>

/** Of suppliers and between warehouses, the newest first. */
export function shipments(state: ShipmentState | undefined) {
  return infiniteQueryOptions({
    queryKey: ['shipments', state ?? 'all'],
    queryFn: async ({ pageParam, signal }) => api.listShipments({ state, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  })
}

export type WaitlistStatus = NonNullable<Operations['listWaitlistEntries']['request']['status']>

/** Everybody's, the newest first. */
export function waitlist(status: WaitlistStatus | undefined) {
  return infiniteQueryOptions({
    queryKey: ['waitlist', status ?? 'all'],
    queryFn: async ({ pageParam, signal }) => api.listWaitlistEntries({ status, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: oftenMs,
  })
}

/** Those who wait for a product, or have it offered, the next first. */
export function waitlistOf(sku: string) {
  return infiniteQueryOptions({
    queryKey: ['stock', sku, 'waitlist'],
    queryFn: async ({ pageParam, signal }) => api.listProductWaitlist({ sku, pageSize, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: oftenMs,
  })
}
