/** An order as its row has it, and as the world sees it. Pure. */
import type { Order, OrderLine, OrderLinePart, Order_PaymentStatus } from '@holdfast/contracts/order'
import type { Hold } from '@holdfast/contracts/inventory'
import type { Reservation } from '@holdfast/contracts/reservation'
import type { EventContext } from '@holdfast/events'
import { type CallContext, HoldfastError, invalidField, seesAll } from '@holdfast/service'

import type { CancelReason } from './payment-attempt'
import type { Status } from './order-status'

export interface StoredLine {
  sku: string
  warehouse: string
  quantity: number
  currency: string
  /** Minor units; a string, as JSON numbers end at 2^53. */
  amountMinor: string
  /** Of a bundle. */
  parts?: OrderLinePart[]
  /** Units that are still to come, and when they are expected (ISO 8601). */
  backordered?: number
  backorderUntil?: string | undefined
}

export interface OrderRow {
  id: string
  reservation_id: string
  user_id: string
  status: Status
  payment_status: Exclude<Order_PaymentStatus, 'PAYMENT_STATUS_UNSPECIFIED' | 'UNRECOGNIZED' | 'IN_PROGRESS'>
  lines: StoredLine[]
  currency: string | null
  total_minor: bigint | null
  /** Of the reservation's lines, which these are. */
  lines_version: number
  /** How often promised units have arrived for its hold, as last taken over. */
  fills: number
  version: number
  cancel_reason: CancelReason | ''
  fingerprint: string | null
  context: EventContext
  cancel_context: EventContext | null
  created_at: Date
  updated_at: Date
  /** It has an open payment attempt. */
  paying: boolean
}

/** What an order takes from its reservation. */
export interface Goods {
  lines: StoredLine[]
  currency: string
  totalMinor: bigint
  /** Of the reservation. */
  linesVersion: number
  fills: number
  /** When the reservation ends. */
  lookAt: Date
}

/** In minor units. Page tokens by total have room for as many digits, and bigint for one more. */
const mostTotalMinor = 10n ** 18n - 1n

/** Prices are those of the hold. @throws INVALID_ARGUMENT for more than one currency, and for more money than an order can hold */
export function goodsOf(reservation: Reservation): Goods {
  const lines = linesOf(reservation)
  const currency = lines[0]?.currency ?? ''
  if (lines.some((line) => line.currency !== currency)) {
    throw new HoldfastError('INVALID_ARGUMENT', 'An order has one currency; these products have several', {
      fields: [{ field: 'lines', message: 'have prices in more than one currency' }],
    })
  }
  const totalMinor = lines.reduce((sum, line) => sum + BigInt(line.amountMinor) * BigInt(line.quantity), 0n)
  if (totalMinor > mostTotalMinor) throw invalidField('lines', `come to more than ${mostTotalMinor} minor units`)
  const { linesVersion, fills, expiresAt } = reservation
  return { lines, currency, totalMinor, linesVersion, fills, lookAt: expiresAt ?? new Date() }
}

/** A reservation's lines are its hold's. */
export function linesOf({ lines }: Pick<Reservation, 'lines'> | Pick<Hold, 'lines'>): StoredLine[] {
  return lines.map(({ sku, warehouse, quantity, unitPrice, parts, backordered, backorderUntil }) => ({
    sku,
    warehouse,
    quantity,
    currency: unitPrice?.currency ?? '',
    amountMinor: String(unitPrice?.amountMinor ?? 0n),
    ...(parts.length > 0 && { parts }),
    ...(backordered > 0 && { backordered, backorderUntil: backorderUntil?.toISOString() }),
  }))
}

/** Units that are still to come, over all lines. */
export function backorderedOf({ lines }: Pick<OrderRow, 'lines'>): number {
  return lines.reduce((sum, { backordered = 0 }) => sum + backordered, 0)
}

/** Nobody is shown an order that waits for its reservation, nor another's. */
export function isVisible(order: OrderRow | undefined, ctx: CallContext): order is OrderRow {
  return order !== undefined && order.total_minor !== null && (seesAll(ctx) || order.user_id === ctx.actor.id)
}

export function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    reservationId: row.reservation_id,
    userId: row.user_id,
    status: row.status,
    paymentStatus: row.paying ? 'IN_PROGRESS' : row.payment_status,
    lines: row.lines.map(toLine),
    total: { currency: row.currency ?? '', amountMinor: row.total_minor ?? 0n },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
    cancelReason: row.cancel_reason,
  }
}

function toLine({
  sku,
  warehouse,
  quantity,
  currency,
  amountMinor,
  parts = [],
  backordered = 0,
  backorderUntil,
}: StoredLine): OrderLine {
  return {
    sku,
    warehouse,
    quantity,
    unitPrice: { currency, amountMinor: BigInt(amountMinor) },
    parts,
    backordered,
    backorderUntil: backorderUntil === undefined ? undefined : new Date(backorderUntil),
  }
}

/** The part of a call that is kept for later, when its effects are recorded by a worker. */
export function keepContext({ actor, requestId, traceparent }: EventContext): EventContext {
  return { actor: { id: actor.id, role: actor.role }, requestId, traceparent }
}
