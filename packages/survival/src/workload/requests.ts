/** Calls as requests of the API, and what of their answers checks care for. */
import type { OrderReply, ReservationReply } from '@holdfast/testing'

import type { Answer, Call } from './history'

export interface Request {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
  /** Whether it is the admin's. */
  asAdmin: boolean
  read(body: unknown): Answer
}

/** @param known the id of the reservation or order that the call is about @param key says in the stock's history who moved it */
export function requestOf(call: Call, known: string, key: string): Request {
  switch (call.do) {
    case 'reserve':
      return post('/v1/reservations', { lines: call.lines, ttlSeconds: call.ttlSeconds }, readReservation)
    case 'change': {
      const lines = [{ sku: call.sku, quantity: call.quantity }]
      return post(`/v1/reservations/${known}:change`, { lines }, readReservation)
    }
    case 'extend':
      return post(`/v1/reservations/${known}:extend`, { ttlSeconds: call.ttlSeconds }, readReservation)
    case 'cancel':
      return post(`/v1/reservations/${known}:cancel`, {}, readReservation)
    case 'look':
      return { method: 'GET', path: `/v1/reservations/${known}`, asAdmin: false, read: readReservation }
    case 'checkOut':
      return post('/v1/checkout', { reservationId: known, paymentToken: call.paymentToken }, readOrder)
    case 'cancelOrder':
      return post(`/v1/orders/${known}:cancel`, {}, readOrder)
    case 'adjust': {
      const body = { delta: call.delta, reason: 'survival', reference: key }
      return { ...post(`/v1/products/${call.sku}/stock:adjust`, body, readReplayed), asAdmin: true }
    }
    case 'transfer': {
      const { quantity, from, to } = call
      const body = { quantity, from, to, immediate: true, reference: key }
      return { ...post(`/v1/products/${call.sku}/stock:transfer`, body, readReplayed), asAdmin: true }
    }
    case 'readStock':
      return { method: 'GET', path: `/v1/availability?skus=${call.sku}`, asAdmin: false, read: readAvailable }
    case 'joinWaitlist':
      return post('/v1/waitlist', { sku: call.sku, quantity: call.quantity }, readEntry)
    case 'lookInLine':
      return { method: 'GET', path: `/v1/waitlist/${known}`, asAdmin: false, read: readEntry }
  }
}

function post(path: string, body: unknown, read: (body: unknown) => Answer): Request {
  return { method: 'POST', path, body, asAdmin: false, read }
}

function readReservation(body: unknown): Answer {
  const { reservation, replayed } = body as ReservationReply
  const { id, status, expiresAt } = reservation
  return { id, status, replayed, expiresAt: Date.parse(expiresAt) }
}

/** A payment that its provider decides later reads as IN_PROGRESS. */
function readOrder(body: unknown): Answer {
  const { order, replayed } = body as OrderReply
  return { id: order.id, status: order.paymentStatus === 'IN_PROGRESS' ? 'IN_PROGRESS' : order.status, replayed }
}

function readReplayed(body: unknown): Answer {
  return { replayed: (body as { replayed: boolean }).replayed }
}

function readAvailable(body: unknown): Answer {
  const { availability } = body as { availability: { available: number }[] }
  return { available: availability[0]?.available }
}

function readEntry(body: unknown): Answer {
  const { entry, replayed } = body as { entry: { id: string; status: string; reservationId?: string }; replayed?: boolean }
  const { id, status, reservationId } = entry
  return { id, status, replayed, ...(status === 'OFFERED' && { offered: reservationId }) }
}
