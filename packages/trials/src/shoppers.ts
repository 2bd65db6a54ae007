/** Shoppers at work while something breaks, and what they were told meanwhile. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Credential } from '@holdfast/launcher'
import {
  adminToken,
  type Api,
  api,
  type Databases,
  noteReserved,
  registerUser,
  reserveOne,
  type Sale,
  type Shoppers,
  startShoppers,
  stocks,
  type Told,
  waitFor,
} from '@holdfast/testing'

/** A system, wherever it runs. */
export interface Shop extends Databases {
  readonly url: string
  readonly credentials: { admin: Credential }
}

export interface Shopping extends Shoppers {
  readonly skus: readonly Sale[]
  readonly admin: Api
  /** Since when new requests are refused, and again answered. */
  readonly looks: Looks
}

export interface ShoppingOptions {
  /** Shoppers at once; 6. */
  shoppers?: number
  /** Between two requests of one shopper, in ms; 50. */
  pauseMs?: number
}

export async function startShopping(shop: Shop, { shoppers = 6, pauseMs = 50 }: ShoppingOptions = {}): Promise<Shopping> {
  const admin = api(shop.url, { token: await adminToken(shop) })
  const skus = await Promise.all(stocks.map(async (stock) => ({ sku: await makeProduct(admin, stock), stock })))
  const people: Api[] = []
  while (people.length < shoppers) people.push(await shopperOf(shop.url))
  const last = await shopperOf(shop.url)
  const working = startShoppers({ people, skus: skus.map(({ sku }) => sku), pauseMs })
  const looks = new Looks(last, skus[0]?.sku ?? '', working.told)
  return {
    ...working,
    skus,
    admin,
    looks,
    stop: async () => {
      await Promise.all([looks.stop(), working.stop()])
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
  private readonly done: Promise<void>
  private readonly all: Look[] = []
  private stopped = false

  constructor(shopper: Api, sku: string, told: Told) {
    this.done = this.look(shopper, sku, told)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.done
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

  private async look(shopper: Api, sku: string, told: Told): Promise<void> {
    while (!this.stopped) {
      const startedAt = performance.now()
      const reply = await reserveOne(shopper, sku, randomUUID(), lookPatienceMs).catch(() => undefined)
      this.all.push({ startedAt, endedAt: performance.now(), status: reply?.status ?? 0 })
      if (reply?.status === 201) noteReserved(told, sku, reply)
      await sleep(lookMs)
    }
  }
}

const isWell = (status: number): boolean => status === 201
