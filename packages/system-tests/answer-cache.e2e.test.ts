/** Products that gateways keep: two real ones before one inventory, and whose hand a change is made by does not matter. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { noLimits, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { openShop, type Shop } from './shop'

/** How old what a gateway shows may be, in ms. */
const oldestMs = 1_000

let shop: Shop
let process_: ChildProcess
/** The addresses of both. */
let here: string
let there: string

beforeAll(async () => {
  shop = await openShop()
  here = shop.system.url
  const { system } = shop
  const { grpc, keys } = system
  process_ = fork(join(__dirname, '..', '..', 'services', 'gateway', 'dist', 'src', 'main.js'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...noLimits,
      LOG_LEVEL: 'warn',
      GRPC_PORT: '0',
      HOLDFAST_PORT: '0',
      DATABASE_URL: system.databaseUrl('gateway'),
      EVENTS_DATABASE_URL: system.databaseUrl('events'),
      SERVICE_PRIVATE_KEY: keys.servicePrivateKeys.gateway,
      SERVICE_PUBLIC_KEYS: JSON.stringify(keys.servicePublicKeys),
      JWT_PRIVATE_KEY: keys.userTokenKey,
      INVENTORY_ADDR: grpc.inventory,
      RESERVATION_ADDR: grpc.reservation,
      ORDER_ADDR: grpc.order,
      AUDIT_ADDR: grpc.audit,
    },
  })
  const [{ httpPort }] = (await once(process_, 'message')) as [{ httpPort: number }]
  there = `http://127.0.0.1:${httpPort}`
}, 120_000)
afterAll(async () => {
  const ended = once(process_, 'exit')
  process_.disconnect()
  await ended
  await shop.close()
})

interface Seen {
  price: number
  etag: string | null
}

async function see(gateway: string, sku: string): Promise<Seen> {
  const response = await fetch(`${gateway}/v1/products/${sku}`)
  expect(response.status).toBe(200)
  const { product } = (await response.json()) as { product: { price: { amountMinor: string } } }
  return { price: Number(product.price.amountMinor), etag: response.headers.get('etag') }
}

async function hits(gateway: string): Promise<number> {
  const text = await (await fetch(`${gateway}/metrics`)).text()
  return Number(/^answer_cache_reads_total\{method="GetProduct",result="hit"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** Until both gateways answer it from what they keep. */
async function keepAtBoth(sku: string): Promise<void> {
  for (const gateway of [here, there]) {
    const before = await hits(gateway)
    const kept = async (): Promise<boolean> => {
      await see(gateway, sku)
      return (await hits(gateway)) > before
    }
    await waitFor(kept, { what: 'a read that inventory is not asked for', timeoutMs: 60_000 })
  }
}

/** Reads on at a gateway until it shows the price: whatever is asked a second after the change has to. */
async function untilSeen(gateway: string, sku: string, price: number, changedAt: number): Promise<Seen> {
  for (;;) {
    const askedAt = performance.now()
    const seen = await see(gateway, sku)
    if (seen.price === price) return seen
    expect(askedAt - changedAt).toBeLessThan(oldestMs)
  }
}

const priced = (minor: number) => ({ price: { currency: 'USD', amountMinor: String(minor) } })

test('a price that is changed at one gateway is seen there at once, and at the other within the second', async () => {
  const sku = await shop.product(5, 100)
  for (const price of [200, 300, 400]) {
    await keepAtBoth(sku)
    const { etag } = await see(there, sku)
    const { status } = await shop.admin.patch(`/v1/products/${sku}`, priced(price))
    const changedAt = performance.now()
    expect(status).toBe(200)
    expect((await see(here, sku)).price).toBe(price)
    const seen = await untilSeen(there, sku, price, changedAt)
    expect(seen.etag).not.toBe(etag)
    // Whoever has the old one gets the new one, and changes nothing by the old tag.
    const headers = { 'if-none-match': String(etag) }
    expect((await fetch(`${there}/v1/products/${sku}`, { headers })).status).toBe(200)
    const stale = await shop.admin.patch(`/v1/products/${sku}`, priced(1), { headers: { 'if-match': String(etag) } })
    expect(stale.status).toBe(412)
  }
})

test('a price that is changed by a hand in the database is seen at both', async () => {
  const sku = await shop.product(5, 100)
  await keepAtBoth(sku)
  const database = new Client({ connectionString: shop.system.databaseUrl('inventory') })
  await database.connect()
  try {
    await database.query('update products set price_minor = 555, version = version + 1 where sku = $1', [sku])
  } finally {
    await database.end()
  }
  const changedAt = performance.now()
  await Promise.all([here, there].map(async (gateway) => untilSeen(gateway, sku, 555, changedAt)))
})

test('stock is never old, while the product itself is kept', async () => {
  const sku = await shop.product(0)
  for (let units = 1; units <= 10; units++) {
    await Promise.all([see(here, sku), see(there, sku)])
    const { status } = await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: 1, reason: 'found' })
    expect(status).toBe(200)
    for (const gateway of [here, there]) {
      const response = await fetch(`${gateway}/v1/availability?skus=${sku}`)
      expect(await response.json()).toMatchObject({ availability: [{ available: units }] })
    }
  }
})

test('a new product is in the list at both, and found by its SKU at once', async () => {
  const list = async (gateway: string): Promise<string[]> => {
    const { products } = (await (await fetch(`${gateway}/v1/products?pageSize=1000`)).json()) as { products: { sku: string }[] }
    return products.map(({ sku }) => sku)
  }
  await Promise.all([list(here), list(there)])
  const sku = await shop.product(1)
  expect(await list(here)).toContain(sku)
  await see(there, sku)
  await waitFor(async () => (await list(there)).includes(sku), {
    what: 'the product in the list of the other',
    timeoutMs: 60_000,
  })
})
