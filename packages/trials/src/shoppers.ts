/** Shoppers at work while something breaks, and what they were told meanwhile. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Credential, DatabaseName } from '@holdfast/launcher'
import {
  adminToken,
  type Api,
  api,
  type JsonReply,
  isAnswer,
  noteCancelled,
  notePaid,
  noteReserved,
  nothingTold,
  type OrderReply,
  registerUser,
  type ReservationReply,
  type Told,
  waitFor,
} from '@holdfast/testing'

/** A system, wherever it runs. */
export interface Shop {
  readonly url: string
  readonly credentials: { admin: Credential }
  databaseUrl(name: DatabaseName): string
}

export interface Shopping {
  readonly skus: readonly { sku: string; stock: number }[]
  readonly told: Told
  readonly admin: Api
  /** Since when new requests are refused, and again answered. */
  readonly looks: Looks
  /** So many reservations more were made. */
  goesOn(more?: number, timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

export interface ShoppingOptions {
  /** Shoppers at once; 6. */
  shoppers?: number
  /** Between two requests of one shopper, in ms; 50. */
  pauseMs?: number
}

/** The last of them sells out while it goes on: what is scarce is what could be sold twice. */
const stocks = [1_000_000, 1_000_000, 40]
/** Nothing lapses meanwhile. In seconds. */
const ttlSeconds = 7_200
/** A call that is not answered by then is repeated with its key, in ms. */
const patienceMs = 10_000

export async function startShopping(shop: Shop, { shoppers = 6, pauseMs = 50 }: ShoppingOptions = {}): Promise<Shopping> {
  const admin = api(shop.url, { token: await adminToken(shop) })
  const skus = await Promise.all(stocks.map(async (stock) => ({ sku: await makeProduct(admin, stock), stock })))
  const told = nothingTold()
  const stop = new AbortController()
  const people: Api[] = []
  while (people.length < shoppers) people.push(await shopperOf(shop.url))
  const working = people.map(async (shopper) => goShopping({ shopper, skus, told, pauseMs, stop: stop.signal }))
  const looks = new Looks(await shopperOf(shop.url), skus[0]?.sku ?? '', told, stop.signal)
  return {
    skus,
    told,
    admin,
    looks,
    goesOn: async (more = 40, timeoutMs = 180_000) => {
      const enough = told.reservations.size + more
      await waitFor(() => told.reservations.size >= enough, { what: 'reservations to be made', timeoutMs })
    },
    stop: async () => {
      stop.abort()
      await Promise.all([...working, looks.done])
    },
  }
}

export async function makeProduct(admin: Api, stock: number): Promise<string> {
  const sku = `TRIAL-${randomUUID().slice(0, 8).toUpperCase()}`
  const price = { currency: 'USD', amountMinor: '1000' }
  const { status, body } = await admin.post('/v1/products', { sku, name: `Product ${sku}`, price, stock })
  if (status !== 201) throw new Error(`no product: ${status} ${JSON.stringify(body)}`)
  return sku
}

/** Passwords are slow on purpose: a busy machine may refuse many at once. */
async function shopperOf(url: string): Promise<Api> {
  const user = await waitFor(async () => registerUser(url), { what: 'a shopper to register', timeoutMs: 120_000 })
  return api(url, { token: user.token })
}

interface ShopperOptions {
  shopper: Api
  skus: Shopping['skus']
  told: Told
  pauseMs: number
  stop: AbortSignal
}

/** Reserves, then cancels, checks out or leaves it; each call is repeated with its key until it has a clear answer. */
async function goShopping({ shopper, skus, told, pauseMs, stop }: ShopperOptions): Promise<void> {
  for (let round = 0; !stop.aborted; round++) {
    if (pauseMs > 0) await sleep(pauseMs)
    const sku = skus[round % skus.length]?.sku ?? ''
    const key = randomUUID()
    const made = await untilAnswered(async () => reserve(shopper, sku, key, patienceMs), stop)
    if (made === undefined) return
    const id = noteReserved(told, sku, made)
    if (id === undefined) continue
    if (round % 4 === 1) {
      const cancelled = await untilAnswered(
        async () => shopper.post(`/v1/reservations/${id}:cancel`, undefined, { timeoutMs: patienceMs }),
        stop,
      )
      noteCancelled(told, id, cancelled)
    } else if (round % 4 === 2) {
      const paid = await untilAnswered(
        async () => shopper.post<OrderReply>('/v1/checkout', { reservationId: id }, { timeoutMs: patienceMs }),
        stop,
      )
      notePaid(told, id, paid)
    }
  }
}

/** Repeated with its key it is one reservation. */
export async function reserve(shopper: Api, sku: string, key: string, timeoutMs: number): Promise<JsonReply<ReservationReply>> {
  const body = { lines: [{ sku, quantity: 1 }], ttlSeconds }
  return shopper.post<ReservationReply>('/v1/reservations', body, { idempotencyKey: key, timeoutMs })
}

/** @returns undefined when it was stopped before an answer came */
async function untilAnswered<Reply extends { status: number; body: unknown }>(
  call: () => Promise<Reply>,
  stop: AbortSignal,
): Promise<Reply | undefined> {
  for (;;) {
    const reply = await call().catch(() => undefined)
    if (reply !== undefined && isAnswer(reply)) return reply
    if (stop.aborted) return undefined
    await sleep(100)
  }
}

const lookMs = 50
/** A request that takes longer is one that was not answered, in ms. */
const lookPatienceMs = 2_000

interface Look {
  startedAt: number
  endedAt: number
  /** HTTP's; 0: none came. */
  status: number
}

/** A request to reserve at a time, a new one 50 ms after each answer, never repeated: what a new shopper would see. */
export class Looks {
  readonly done: Promise<void>
  private readonly all: Look[] = []

  constructor(shopper: Api, sku: string, told: Told, stop: AbortSignal) {
    this.done = this.look(shopper, sku, told, stop)
  }

  /**
   * From a moment (`performance.now()`) to the end of the first request that succeeded after one was refused.
   * @returns undefined while that has not come; in ms, with the answers by status of those before it
   */
  outageSince(at: number): { ms: number; failed: Record<string, number> } | undefined {
    const since = this.all.filter(({ endedAt }) => endedAt >= at)
    const first = since.findIndex(({ status }) => !isWell(status))
    if (first === -1) return undefined
    const length = since.slice(first).findIndex(({ status }) => isWell(status))
    const next = since[first + length]
    if (length === -1 || next === undefined) return undefined
    const failed = Map.groupBy(since.slice(first, first + length), ({ status }) => (status === 0 ? 'no answer' : String(status)))
    return {
      ms: next.endedAt - at,
      failed: Object.fromEntries([...failed].map(([status, looks]) => [status, looks.length])),
    }
  }

  /** The longest that one of those took that began since, and succeeded, in ms. */
  longestSince(at: number): number {
    const took = this.all
      .filter(({ endedAt, status }) => endedAt >= at && isWell(status))
      .map((one) => one.endedAt - one.startedAt)
    return Math.max(0, ...took)
  }

  private async look(shopper: Api, sku: string, told: Told, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const startedAt = performance.now()
      const reply = await reserve(shopper, sku, randomUUID(), lookPatienceMs).catch(() => undefined)
      this.all.push({ startedAt, endedAt: performance.now(), status: reply?.status ?? 0 })
      if (reply?.status === 201) noteReserved(told, sku, reply)
      await sleep(lookMs)
    }
  }
}

const isWell = (status: number): boolean => status === 201
