/** What shoppers were told while something broke, and has to be true afterwards. */
import type { JsonReply } from '../json-client'
import type { OrderReply, ReservationReply } from '../replies'
import { codeOf } from './answered'

export interface Told {
  /** By id: how its shopper left it, and what it is of. */
  readonly reservations: Map<string, { status: 'ACTIVE' | 'CANCELLED' | 'COMMITTED'; sku: string }>
  /** CONFIRMED ones: the reservation of each, by its id. */
  readonly orders: Map<string, string>
  /** Refusals that nothing explains but that something acknowledged was lost. A sentence each; none: all is well. */
  readonly problems: string[]
}

type Call = 'reserve' | 'cancel' | 'checkout'

/** Refusals that are no fault, and why. */
const innocent: Record<Call, Record<string, string>> = {
  reserve: {
    INSUFFICIENT_STOCK: 'nothing is left',
    RESERVATION_EXPIRED: 'its hold was made by an attempt that nobody heard of, and given back before the next',
  },
  cancel: {},
  checkout: { PAYMENT_DECLINED: 'the payment was given up while something was down' },
}

export function nothingTold(): Told {
  return { reservations: new Map(), orders: new Map(), problems: [] }
}

/** @returns the id of the reservation, undefined where there is none */
export function noteReserved(
  { reservations, problems }: Told,
  sku: string,
  reply: JsonReply<ReservationReply>,
): string | undefined {
  if (reply.status !== 200 && reply.status !== 201) {
    problems.push(...whatIsWrong('reserve', sku, reply))
    return undefined
  }
  const { id } = reply.body.reservation
  reservations.set(id, { status: 'ACTIVE', sku })
  return id
}

/** @param reply undefined where nobody heard one */
export function noteCancelled(told: Told, id: string, reply: JsonReply<unknown> | undefined): void {
  if (reply?.status === 200) leave(told, id, 'CANCELLED')
  else forget(told, 'cancel', id, reply)
}

/** @param reply undefined where nobody heard one */
export function notePaid(told: Told, id: string, reply: JsonReply<OrderReply> | undefined): void {
  if (reply?.status === 200 && reply.body.order.status === 'CONFIRMED') {
    leave(told, id, 'COMMITTED')
    told.orders.set(reply.body.order.id, id)
  } else forget(told, 'checkout', id, reply)
}

function leave({ reservations }: Told, id: string, status: 'CANCELLED' | 'COMMITTED'): void {
  reservations.set(id, { status, sku: reservations.get(id)?.sku ?? '' })
}

/** It may have become either, and is nobody's to assert; but it was acknowledged, so not every refusal can be. */
function forget({ reservations, problems }: Told, call: Call, id: string, reply: JsonReply<unknown> | undefined): void {
  reservations.delete(id)
  if (reply !== undefined) problems.push(...whatIsWrong(call, id, reply))
}

function whatIsWrong(call: Call, of: string, { status, body }: JsonReply<unknown>): string[] {
  return codeOf(body) in innocent[call] ? [] : [`${call} of ${of} was answered by ${status} ${JSON.stringify(body)}`]
}
