/**
 * Random batches that cross each other's SKUs, over two replicas: one lock order everywhere (truth 8) means that none ever
 * waits in a circle. `HOLDFAST_STRESS_BATCHES=1000000` for a long night; CONTRIBUTING says how it is run.
 */
import { HoldItem_Strategy as Strategy, type HoldResult, UpdateProductRequest } from '@holdfast/contracts/inventory'
import { createLog, scrape, systemContext } from '@holdfast/service'
import { randomUUID } from 'node:crypto'

import { fillLevel } from '../src/fills'
import { adjustment, available, expectBalanced, holdItem, makeBundle, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

const batches = Number(process.env.HOLDFAST_STRESS_BATCHES ?? '3000')
/** Callers at once: enough that both replicas have several statements of each kind under way. */
const callers = 48
const report = 50_000

let pair: TestInventory
beforeAll(async () => {
  pair = await startInventory(2)
})
afterAll(async () => pair.stop())

test.each([
  [batches, '', false],
  [Math.ceil(batches / 3), ', with bundles, limits, promises, returns and rules that change,', true],
])(
  '%d batches of holds, ends, prolongations, tombstones and adjustments%s meet without a deadlock',
  async (count, _what, withRules) => {
    const [deadlocksBefore, retriesBefore] = [await deadlocks(), await retries()]
    const skus = await makeSkus()
    const crowd = new Crowd(skus, withRules ? await makeBundles(skus) : [])
    if (withRules) await promise(skus.slice(4, 6))
    let done = 0
    const giveUpAt = Date.now() + 60_000
    const caller = async (): Promise<void> => {
      while (done < count || (!crowd.sawAll() && Date.now() < giveUpAt)) {
        done++
        if (done % report === 0) process.stdout.write(`${done} batches, ${crowd.told()}\n`)
        await crowd.batch()
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    expect(await deadlocks()).toBe(deadlocksBefore)
    expect(await retries()).toBe(retriesBefore)
    // What callers may be told, and nothing else: no INTERNAL, no UNAVAILABLE.
    expect(crowd.unexpected).toEqual([])
    expect([...crowd.fates.keys()]).toEqual(expect.arrayContaining(wanted))
    await expectBalanced(pair)
    for (const sku of skus) {
      const { onHand, reserved } = await available(pair, sku)
      expect(reserved).toBeGreaterThanOrEqual(0)
      expect(onHand).toBeGreaterThanOrEqual(reserved)
    }
  },
  batches * 50 + 120_000,
)

/** Plenty of some, so that holds go through; few of others, so that due holds are taken back and batches are decided one by one. */
async function makeSkus(): Promise<string[]> {
  const stocks = [10_000_000, 10_000_000, 10_000_000, 200, 60, 20, 5, 2]
  return Promise.all(stocks.map(async (stock) => makeProduct(pair, stock)))
}

/** Two that cross each other's parts. */
async function makeBundles(skus: string[]): Promise<string[]> {
  const parts = [skus.slice(1, 4), skus.slice(2, 5).reverse()]
  return Promise.all(
    parts.map(async (some) =>
      makeBundle(
        pair,
        some.map((sku) => ({ sku, quantity: 1 })),
      ),
    ),
  )
}

/** Lets some of them be promised beyond stock. */
async function promise(skus: string[]): Promise<void> {
  for (const sku of skus)
    await pair.reservation.updateProduct(UpdateProductRequest.fromPartial({ sku, backorder: { cap: 30 } }), pair.admin())
}

const fillCtx = systemContext('inventory', createLog('test', 'silent'))

const expected = new Set([
  'HELD',
  'LIMIT_EXCEEDED',
  'COMMITTED',
  'RELEASED',
  'EXPIRED',
  'INSUFFICIENT_STOCK',
  'RESERVATION_EXPIRED',
  'RESERVATION_NOT_ACTIVE',
  'PAYMENT_IN_PROGRESS',
  'IDEMPOTENCY_KEY_REUSED',
  'NOT_FOUND',
  'CONFLICT',
])
/** Each of these has to happen, or the test says nothing. */
const wanted = ['HELD', 'COMMITTED', 'RELEASED', 'EXPIRED', 'INSUFFICIENT_STOCK', 'PAYMENT_IN_PROGRESS']
const strategies = [Strategy.COMBINING, Strategy.COMBINING, Strategy.PESSIMISTIC, Strategy.OPTIMISTIC]
/** Ids that are about: older ones are forgotten, and lie about until they lapse. None before it may have fallen due, in ms. */
const mostKnown = 400
const knownMs = 2_500

/** Makes one random batch after the other, about the same few SKUs and ids as everyone else's. */
class Crowd {
  readonly fates = new Map<string, number>()
  readonly unexpected: HoldResult[] = []
  private waits = 0
  private readonly known = Array.from({ length: 20 }, () => ({ id: randomUUID(), since: Date.now() }))

  /** @param bundles none: the products have no rules */
  constructor(
    private readonly skus: string[],
    private readonly bundles: string[],
  ) {}

  told(): string {
    return [...this.fates].map(([fate, count]) => `${fate} ${count}`).join(', ')
  }

  sawAll(): boolean {
    return wanted.every((fate) => this.fates.has(fate))
  }

  async batch(): Promise<void> {
    const { reservation, order } = pair
    const ctx = pair.service()
    const kind = Math.random()
    if (this.bundles.length > 0 && chance(0.15))
      return pick([
        async () => this.giveBack(),
        async () => this.changeRules(),
        async () => this.wait(),
        async () => this.fill(),
      ])()
    if (kind < 0.4) return this.note((await reservation.hold({ items: upTo(6, () => this.item()) }, ctx)).results)
    if (kind < 0.52) return this.note((await reservation.expire({ ids: upTo(30, () => this.id()) }, ctx)).results)
    if (kind < 0.64)
      return this.note((await reservation.commit({ ids: upTo(6, () => this.id()), linesVersions: [] }, ctx)).results)
    if (kind < 0.78) {
      const items = upTo(8, () => ({ id: chance(0.15) ? this.newId() : this.id(), endProtection: chance(0.3) }))
      return this.note((await reservation.release({ items }, ctx)).results)
    }
    if (kind < 0.86) {
      const items = upTo(8, () => ({ id: this.id(), expiresAt: new Date(Date.now() + Math.random() * 1_500) }))
      return this.note((await reservation.extend({ items }, ctx)).results)
    }
    if (kind < 0.97) {
      // Some are long, so that somebody comes upon one on a slow machine, too.
      const graceMs = () => (chance(0.1) ? 30_000 : chance(0.3) ? 0 : Math.floor(Math.random() * 800))
      const items = upTo(8, () => ({ id: this.id(), graceMs: graceMs() }))
      return this.note((await order.protect({ items }, ctx)).results)
    }
    // One level more or less by hand. Those who want more than is free are refused.
    const request = adjustment({ sku: pick(this.skus), delta: chance(0.7) ? 3 : -1 })
    await reservation.adjustStock(request, pair.admin()).catch((error: { code?: string }) => {
      if (error.code !== 'INSUFFICIENT_STOCK') throw error
    })
  }

  private async fill(): Promise<void> {
    for (const sku of this.skus.slice(4, 6)) await fillLevel(pair.database, { sku, warehouse: 'MAIN' }, fillCtx)
  }

  private async giveBack(): Promise<void> {
    const id = this.id()
    const request = { holdId: id, reference: id, reason: 'cancelled' }
    await pair.order.returnStock(request, pair.service()).catch((error: { code?: string }) => {
      if (error.code !== 'ILLEGAL_TRANSITION' && error.code !== 'NOT_FOUND') throw error
    })
  }

  /** Other parts of a bundle, or another limit, of the first product or of a bundle. */
  private async changeRules(): Promise<void> {
    const nothing = { name: undefined, description: undefined, price: undefined, parts: [] }
    const mostPerShopper = chance(0.4) ? -1 : 1 + Math.floor(Math.random() * 50)
    const limit = { ...nothing, sku: pick([...this.skus.slice(0, 2), ...this.bundles]), mostPerShopper }
    const parts = this.skus.filter(() => chance(0.4)).map((sku) => ({ sku, quantity: chance(0.8) ? 1 : 2 }))
    const mixed = { ...nothing, sku: pick(this.bundles), parts }
    const first = { ...nothing, sku: pick(this.skus.slice(0, 3)), waitlistFirst: chance(0.5) }
    const cap = {
      ...nothing,
      sku: pick(this.skus.slice(4, 6)),
      backorder: { cap: chance(0.2) ? -1 : 30, until: undefined, warehouse: '' },
    }
    await pair.reservation.updateProduct(pick([limit, mixed, first, cap]), pair.admin()).catch((error: { code?: string }) => {
      if (error.code !== 'CONFLICT') throw error
    })
  }

  /** Other units of some SKUs wait. */
  private async wait(): Promise<void> {
    const skus = this.skus.slice(0, 4).filter(() => chance(0.5))
    const waiting = skus.map((sku) => ({ sku, units: BigInt(Math.floor(Math.random() * 20)), version: BigInt(++this.waits) }))
    if (waiting.length > 0) await pair.reservation.setWaiting({ waiting }, pair.service())
  }

  /** 1 to 5 of the SKUs in any order; sometimes under an id that somebody else uses for other SKUs at the same moment. */
  private item() {
    const skus = [...this.skus, ...this.bundles].filter(() => chance(0.3)).toSorted(() => Math.random() - 0.5)
    const lines = (skus.length === 0 ? [pick(this.skus)] : skus).map((sku) => ({ sku, quantity: chance(0.8) ? 1 : 2 }))
    const id = chance(0.05) ? this.id() : this.newId()
    const owner = this.bundles.length > 0 ? `shopper-${Math.floor(Math.random() * 12)}` : 'a-user'
    return holdItem(lines, { id, owner, ttlSeconds: chance(0.7) ? 1 : 2, strategy: pick(strategies), fromWaitlist: chance(0.2) })
  }

  private id(): string {
    return pick(this.known).id
  }

  private newId(): string {
    const id = randomUUID()
    const now = Date.now()
    this.known.push({ id, since: now })
    if (this.known.length > mostKnown && (this.known[100]?.since ?? now) < now - knownMs) this.known.splice(0, 100)
    return id
  }

  private note(results: HoldResult[]): void {
    for (const result of results) {
      const fate = result.error?.code ?? result.hold?.state ?? 'nothing'
      this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1)
      if (!expected.has(fate) && this.unexpected.length < 10) this.unexpected.push(result)
    }
  }
}

function chance(share: number): boolean {
  return Math.random() < share
}

function pick<T>(from: T[]): T {
  const found = from[Math.floor(Math.random() * from.length)]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}

function upTo<T>(most: number, make: () => T): T[] {
  return Array.from({ length: 1 + Math.floor(Math.random() * most) }, make)
}

/** As the server counts them. */
async function deadlocks(): Promise<number> {
  const { rows } = await pair.database.pool.query<{ deadlocks: bigint }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0]?.deadlocks ?? -1n)
}

/** As the services themselves count them. */
async function retries(): Promise<number> {
  const line = (await scrape()).split('\n').find((text) => text.startsWith('database_retries_total{reason="deadlock"}'))
  if (line === undefined) throw new Error('retries are not counted')
  return Number(line.split(' ').at(-1))
}
