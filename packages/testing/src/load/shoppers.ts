/** Shoppers at work while something breaks. Each of their calls is repeated with its key until it has a clear answer. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Api } from '../api'
import type { JsonReply } from '../json-client'
import type { OrderReply, ReservationReply } from '../replies'
import { waitFor } from '../wait-for'
import { untilAnsweredOrStopped } from './answered'
import { noteCancelled, notePaid, noteReserved, nothingTold, type Told } from './told'

export interface Shoppers {
  readonly told: Told
  /** Resolves when so many reservations more were made; 40, within 180,000 ms. */
  goesOn(more?: number, timeoutMs?: number): Promise<void>
  /** Resolves when everybody has finished. */
  stop(): Promise<void>
}

export interface ShoppersOptions {
  /** As shoppers, who call at once. */
  people: readonly Api[]
  skus: readonly string[]
  /** Between two rounds of one of them, in ms; 50. */
  pauseMs?: number
}

/** What is scarce is what could be sold twice: the last of them sells out while it goes on. */
export const stocks: readonly number[] = [1_000_000, 1_000_000, 40]

/** Nothing lapses meanwhile. In seconds. */
const ttlSeconds = 7_200
/** A call that is not answered by then is repeated, in ms. */
const patienceMs = 10_000

/** Begin at once. */
export function startShoppers({ people, skus, pauseMs = 50 }: ShoppersOptions): Shoppers {
  const told = nothingTold()
  const stopping = new AbortController()
  const working = people.map(async (shopper) => shop(shopper, { skus, pauseMs, told, stop: stopping.signal }))
  return {
    told,
    goesOn: async (more = 40, timeoutMs = 180_000) => {
      const enough = told.reservations.size + more
      await waitFor(() => told.reservations.size >= enough, { what: 'reservations to be made', timeoutMs })
    },
    stop: async () => {
      stopping.abort()
      await Promise.all(working)
    },
  }
}

interface Shop extends Required<Omit<ShoppersOptions, 'people'>> {
  told: Told
  stop: AbortSignal
}

/** Reserves, then cancels, checks out or leaves it, of each SKU in turn. */
async function shop(shopper: Api, { skus, pauseMs, told, stop }: Shop): Promise<void> {
  for (let round = 0; !stop.aborted; round++) {
    await sleep(pauseMs)
    const sku = skus[round % skus.length] ?? ''
    const key = randomUUID()
    const made = await untilAnsweredOrStopped(async () => reserveOne(shopper, sku, key, patienceMs), stop)
    if (made === undefined) return
    const id = noteReserved(told, sku, made)
    if (id === undefined) continue
    const post = async <Body>(path: string, body?: object) =>
      untilAnsweredOrStopped(async () => shopper.post<Body>(path, body, { timeoutMs: patienceMs }), stop)
    if (round % 4 === 1) noteCancelled(told, id, await post(`/v1/reservations/${id}:cancel`))
    if (round % 4 === 2) notePaid(told, id, await post<OrderReply>('/v1/checkout', { reservationId: id }))
  }
}

/** Repeated with its key it is one reservation, of one unit for two hours. */
export async function reserveOne(
  shopper: Api,
  sku: string,
  key: string,
  timeoutMs: number,
): Promise<JsonReply<ReservationReply>> {
  const body = { lines: [{ sku, quantity: 1 }], ttlSeconds }
  return shopper.post<ReservationReply>('/v1/reservations', body, { idempotencyKey: key, timeoutMs })
}
