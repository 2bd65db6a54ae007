/**
 * What an audit record adds to the figures. Pure. Everything is a sum, and every record adds its part by itself, whatever
 * came before it: the order of records, which is not the one of the events over several topics, does not matter.
 */
import type { Money } from '@holdfast/contracts/common'
import { Order } from '@holdfast/contracts/order'
import { Reservation } from '@holdfast/contracts/reservation'
import { checkTime } from '@holdfast/service'

import type { JsonObject } from '../canonical-json'

/** The part of an audit record that figures are made of. */
export interface ActivityRecord {
  sequence: bigint
  at: Date
  action: string
  /** Of the resource before the change; null where there was none. */
  beforeStatus: string | null
  after: JsonObject | null
}

/** `minute` is its beginning, in ms since 1970. */
export interface MinuteSums {
  minute: number
  reservationsCreated: number
  reservationsCommitted: number
  reservationsCancelled: number
  reservationsExpired: number
  unitsReserved: number
  ordersConfirmed: number
  ordersCancelled: number
}

const counts = [
  'reservationsCreated',
  'reservationsCommitted',
  'reservationsCancelled',
  'reservationsExpired',
  'unitsReserved',
  'ordersConfirmed',
  'ordersCancelled',
] as const satisfies (keyof MinuteSums)[]

/** In minor units. */
export interface MoneySums {
  minute: number
  currency: string
  revenue: bigint
  refunds: bigint
}

export interface SkuSums {
  minute: number
  sku: string
  currency: string
  unitsReserved: number
  unitsSold: number
  revenue: bigint
}

/** Where each ended reservation of a minute is counted. */
const endings: Record<string, 'reservationsCommitted' | 'reservationsCancelled' | 'reservationsExpired' | undefined> = {
  COMMITTED: 'reservationsCommitted',
  CANCELLED: 'reservationsCancelled',
  EXPIRED: 'reservationsExpired',
}

/** Every other action adds nothing: those that are of no interest, and those that are not known yet. */
const contributions: Record<string, ((sums: ActivitySums, record: ActivityRecord) => void) | undefined> = {
  'reservation.created': reservationCreated,
  'reservation.committed': reservationMoved,
  'reservation.cancelled': reservationMoved,
  'reservation.expired': reservationMoved,
  'reservation.repaired': reservationMoved,
  'order.confirmed': orderConfirmed,
  'order.cancelled': orderCancelled,
  'order.refunded': orderRefunded,
}

export const activityActions = Object.keys(contributions)

/** What some records come to. */
export class ActivitySums {
  readonly #minutes = new Map<number, MinuteSums>()
  readonly #money = new Map<string, MoneySums>()
  readonly #skus = new Map<string, SkuSums>()

  /**
   * Adds all of a record, or nothing.
   * @throws Error for a known action with content that no version of its service has written
   */
  add(record: ActivityRecord): void {
    contributions[record.action]?.(this, record)
  }

  /** Adds what other records come to. */
  include(other: ActivitySums): void {
    for (const sums of other.minutes) {
      const own = this.minuteAt(new Date(sums.minute))
      for (const count of counts) own[count] += sums[count]
    }
    for (const { minute, currency, revenue, refunds } of other.money) {
      const own = this.moneyAt(new Date(minute), currency)
      own.revenue += revenue
      own.refunds += refunds
    }
    for (const { minute, unitsReserved, unitsSold, revenue, ...line } of other.skus) {
      const own = this.skuAt(new Date(minute), line)
      own.unitsReserved += unitsReserved
      own.unitsSold += unitsSold
      own.revenue += revenue
    }
  }

  get minutes(): MinuteSums[] {
    return [...this.#minutes.values()]
  }

  get money(): MoneySums[] {
    return [...this.#money.values()]
  }

  get skus(): SkuSums[] {
    return [...this.#skus.values()]
  }

  minuteAt(time: Date): MinuteSums {
    const minute = minuteOf(time)
    return entry(this.#minutes, minute, () => ({
      minute,
      reservationsCreated: 0,
      reservationsCommitted: 0,
      reservationsCancelled: 0,
      reservationsExpired: 0,
      unitsReserved: 0,
      ordersConfirmed: 0,
      ordersCancelled: 0,
    }))
  }

  moneyAt(time: Date, currency: string): MoneySums {
    const minute = minuteOf(time)
    return entry(this.#money, `${minute} ${currency}`, () => ({ minute, currency, revenue: 0n, refunds: 0n }))
  }

  skuAt(time: Date, { sku, currency }: Pick<Line, 'sku' | 'currency'>): SkuSums {
    const minute = minuteOf(time)
    return entry(this.#skus, `${minute} ${currency} ${sku}`, () => {
      return { minute, sku, currency, unitsReserved: 0, unitsSold: 0, revenue: 0n }
    })
  }
}

function reservationCreated(sums: ActivitySums, record: ActivityRecord): void {
  const reservation = Reservation.fromJSON(record.after)
  const createdAt = timeOf(reservation.createdAt)
  const lines = reservation.lines.map(lineOf)
  const minute = sums.minuteAt(createdAt)
  minute.reservationsCreated++
  for (const line of lines) {
    minute.unitsReserved += line.quantity
    sums.skuAt(createdAt, line).unitsReserved += line.quantity
  }
}

/** It is counted where it was created. A repair may also take it out of where it was counted as ended. */
function reservationMoved(sums: ActivitySums, record: ActivityRecord): void {
  const { createdAt, status } = Reservation.fromJSON(record.after)
  const minute = sums.minuteAt(timeOf(createdAt))
  const from = endings[record.beforeStatus ?? '']
  const to = endings[status]
  if (from !== undefined) minute[from]--
  if (to !== undefined) minute[to]++
}

function orderConfirmed(sums: ActivitySums, { at, after }: ActivityRecord): void {
  const order = Order.fromJSON(after)
  const total = moneyOf(order.total)
  const lines = order.lines.map(lineOf)
  sums.minuteAt(at).ordersConfirmed++
  sums.moneyAt(at, total.currency).revenue += total.amountMinor
  for (const line of lines) {
    const sku = sums.skuAt(at, line)
    sku.unitsSold += line.quantity
    sku.revenue += BigInt(line.quantity) * line.amountMinor
  }
}

/** One that was never paid is no sale that was lost: its reservation tells of it. */
function orderCancelled(sums: ActivitySums, { at, beforeStatus }: ActivityRecord): void {
  if (beforeStatus === 'CONFIRMED') sums.minuteAt(at).ordersCancelled++
}

function orderRefunded(sums: ActivitySums, { at, after }: ActivityRecord): void {
  const { currency, amountMinor } = moneyOf(Order.fromJSON(after).total)
  sums.moneyAt(at, currency).refunds += amountMinor
}

interface Line extends Money {
  sku: string
  quantity: number
}

/** The widest that the contract allows; what goes beyond would not fit its column or its index, and stop the figures for good. */
const mostQuantity = 2 ** 31 - 1
const longestSku = 64

function lineOf({ sku, quantity, unitPrice }: Pick<Reservation['lines'][number], 'sku' | 'quantity' | 'unitPrice'>): Line {
  if (sku.length > longestSku) throw new Error('the SKU is too long')
  if (!Number.isInteger(quantity) || quantity < 0 || quantity > mostQuantity) throw new Error(`${quantity} is no quantity`)
  return { sku, quantity, ...moneyOf(unitPrice) }
}

function moneyOf(money: Money | undefined): Money {
  if (money === undefined || !/^[A-Z]{3}$/.test(money.currency)) throw new Error('there is an amount without a currency')
  if (money.amountMinor < 0n) throw new Error('an amount is below 0')
  return money
}

/** Else it would lie outside of what PostgreSQL knows of time. */
function timeOf(time: Date | undefined): Date {
  if (time === undefined) throw new Error('the reservation has no time of creation')
  return checkTime('createdAt', time)
}

const minuteMs = 60_000

function minuteOf(time: Date): number {
  return Math.floor(time.getTime() / minuteMs) * minuteMs
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}
