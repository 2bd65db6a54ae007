/** Events as the reservation and order services write them. */
import { randomUUID } from 'node:crypto'

import { Order, type Order_Status as OrderStatus } from '@holdfast/contracts/order'
import { Reservation, type Reservation_Status as Status } from '@holdfast/contracts/reservation'
import type { PublishedEvent } from '@holdfast/events'

import { reservationEvent } from './fixture'

export interface SoldLine {
  sku: string
  quantity: number
  price: bigint
  currency?: string
}

const toLine = ({ sku, quantity, price, currency = 'USD' }: SoldLine) => {
  return { sku, quantity, warehouse: 'MAIN', unitPrice: { currency, amountMinor: price } }
}

/** What happened to a reservation, as its events, the first is `created`. */
export function reservationStory(createdAt: Date, lines: SoldLine[], ...statuses: Status[]): PublishedEvent[] {
  const id = randomUUID()
  const at = (status: Status) =>
    Reservation.toJSON(Reservation.fromPartial({ id, status, createdAt, lines: lines.map(toLine), ttlSeconds: 60 }))
  return (['ACTIVE', ...statuses] as Status[]).map((status, index, all) => {
    const name = index === 0 ? 'created' : status === 'ACTIVE' ? 'extended' : status.toLowerCase()
    const before = all[index - 1]
    return reservationEvent({
      type: `holdfast.reservation.${name}.v1`,
      subject: id,
      version: BigInt(index + 1),
      at: new Date(createdAt.getTime() + index * 90_000),
      data: { ...(before !== undefined && { before: at(before) }), after: at(status) },
    })
  })
}

/** @param moves the name of each event, when, and the status after it */
export function orderStory(lines: SoldLine[], ...moves: [string, Date, OrderStatus][]): PublishedEvent[] {
  const id = randomUUID()
  const amountMinor = lines.reduce((sum, { quantity, price }) => sum + BigInt(quantity) * price, 0n)
  const total = { currency: lines[0]?.currency ?? 'USD', amountMinor }
  const at = (status: OrderStatus) => Order.toJSON(Order.fromPartial({ id, status, lines: lines.map(toLine), total }))
  return moves.map(([name, time, status], index) => {
    const before = moves[index - 1]?.[2]
    return reservationEvent({
      type: `holdfast.order.${name}.v1`,
      topic: 'holdfast.order.v1',
      subject: id,
      version: BigInt(index + 1),
      at: time,
      data: { ...(before !== undefined && { before: at(before) }), after: at(status) },
    })
  })
}
