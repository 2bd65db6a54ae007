import { CheckoutResponse } from '@holdfast/contracts/order'
import { CreateReservationResponse, GetReservationResponse, type Reservation } from '@holdfast/contracts/reservation'

import { expectStatus, refusalCode, type Reply } from '../client'
import type { Session, Shopper } from './session'

export interface Line {
  sku: string
  quantity: number
}

export async function reserve({ client }: Session, shopper: Shopper, lines: readonly Line[], ttlSeconds: number): Promise<Reply> {
  return client.call('POST', '/v1/reservations', { token: shopper.token, body: { lines, ttlSeconds }, timeoutMs: 60_000 })
}

export const isReserved = (reply: Reply): boolean => reply.status === 201

export const isSoldOut = (reply: Reply): boolean => reply.status === 409 && refusalCode(reply) === 'INSUFFICIENT_STOCK'

/** @returns undefined when the answer is a refusal */
export function reservationOf(reply: Reply): Reservation | undefined {
  return isReserved(reply) ? CreateReservationResponse.fromJSON(reply.body).reservation : undefined
}

export async function cancel({ client }: Session, shopper: Shopper, { id }: Reservation): Promise<void> {
  expectStatus(
    await client.call('POST', `/v1/reservations/${id}:cancel`, { token: shopper.token, body: {} }),
    [200],
    'cancel a reservation',
  )
}

/** @returns as ACTIVE, EXPIRED, ... */
export async function readStatus({ client }: Session, shopper: Shopper, { id }: Reservation): Promise<string> {
  const reply = await client.call('GET', `/v1/reservations/${id}`, { token: shopper.token })
  expectStatus(reply, [200], 'read a reservation')
  return GetReservationResponse.fromJSON(reply.body).reservation?.status ?? ''
}

export async function checkOut({ client }: Session, shopper: Shopper, { id }: Reservation): Promise<Reply> {
  return client.call('POST', '/v1/checkout', { token: shopper.token, body: { reservationId: id }, timeoutMs: 60_000 })
}

/** The order that a checkout made and confirmed; undefined when it did not. */
export function confirmedOrderOf(reply: Reply): { id: string; units: number } | undefined {
  if (reply.status >= 300) return undefined
  const { order } = CheckoutResponse.fromJSON(reply.body)
  if (order === undefined || order.status !== 'CONFIRMED') return undefined
  return { id: order.id, units: order.lines.reduce((sum, line) => sum + line.quantity, 0) }
}
