import { type Client, HoldfastApiError, type Order, type Reservation } from '@holdfast/client'

import { CliProblem } from '../problem'
import type { Session } from './session'

export interface Line {
  sku: string
  quantity: number
}

/** For one try, in ms: everybody asks at once. */
const timeoutMs = 60_000

export async function reserve(
  { api }: Session,
  shopper: Client,
  lines: readonly Line[],
  ttlSeconds: number,
  from: { channel?: string; allowSplit?: boolean } = {},
): Promise<Reservation | HoldfastApiError> {
  const answer = await api.orRefusal(shopper.createReservation({ lines, ttlSeconds, ...from }, { timeoutMs }))
  return answer instanceof HoldfastApiError ? answer : there(answer.reservation, 'reservation')
}

export const isReserved = (reply: Reservation | HoldfastApiError): reply is Reservation => !(reply instanceof HoldfastApiError)

export const isSoldOut = (reply: Reservation | HoldfastApiError): boolean =>
  !isReserved(reply) && reply.code === 'INSUFFICIENT_STOCK'

export async function cancel({ api }: Session, shopper: Client, { id }: Reservation): Promise<void> {
  await api.must('cancel a reservation', shopper.cancelReservation({ id }))
}

/** @returns as ACTIVE, EXPIRED, ... */
export async function readStatus({ api }: Session, shopper: Client, { id }: Reservation): Promise<string> {
  const { reservation } = await api.must('read a reservation', shopper.getReservation({ id }))
  return reservation?.status ?? ''
}

export async function checkOut({ api }: Session, shopper: Client, { id }: Reservation): Promise<Order | HoldfastApiError> {
  const answer = await api.orRefusal(shopper.checkout({ reservationId: id }, { timeoutMs }))
  return answer instanceof HoldfastApiError ? answer : there(answer.order, 'order')
}

export const isConfirmed = (reply: Order | HoldfastApiError): reply is Order => reply.status === 'CONFIRMED'

function there<Part>(part: Part | undefined, what: string): Part {
  if (part === undefined) throw new CliProblem(`the answer has no ${what}`)
  return part
}
