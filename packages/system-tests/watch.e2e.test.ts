/** Stock as it changes, by server-sent events of a running system: two processes of inventory, and nobody sweeps. */
import { get, type IncomingMessage } from 'node:http'

import { waitFor } from '@holdfast/testing'

import { one, openShop, reserved, type Shop, type Shopper } from './shop'

jest.setTimeout(120_000)

let shop: Shop
let shopper: Shopper
const open: IncomingMessage[] = []

beforeAll(async () => {
  shop = await openShop({ replicas: 2, env: { SWEEPER: 'off' } })
  shopper = await shop.shopper()
}, 120_000)
afterAll(async () => shop.close())
afterEach(() => {
  for (const response of open.splice(0)) response.destroy()
})

interface Watch {
  /** What can be reserved, as it was said last. */
  available: number | undefined
  /** Messages so far. */
  messages: number
  lastEventId: string
}

async function watch(sku: string, lastEventId?: string): Promise<Watch> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${shop.system.url}/v1/availability:watch?skus=${sku}`, { headers, agent: false }, resolve).on('error', reject)
  })
  open.push(response)
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}`)
  const state: Watch = { available: undefined, messages: 0, lastEventId: '' }
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const events = (text + chunk).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) note(state, event)
  })
  return state
}

function note(state: Watch, event: string): void {
  const fields = Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/, 2)))
  if (fields['event'] !== 'message') return
  state.messages++
  state.lastEventId = fields['id'] ?? ''
  const { availability } = JSON.parse(fields['data'] ?? '{}') as { availability: { available: number }[] }
  for (const { available } of availability) state.available = available
}

async function until(what: string, check: () => boolean): Promise<void> {
  await waitFor(check, { what, timeoutMs: 60_000 })
}

test('whichever process of inventory a stream is at, it shows what the other one sells', async () => {
  const sku = await shop.product(10)
  const watches = await Promise.all([1, 2, 3, 4].map(async () => watch(sku)))
  await until('four snapshots', () => watches.every(({ available }) => available === 10))
  await reserved(shopper, one(sku, 4))
  await until('the change in all of them', () => watches.every(({ available }) => available === 6))
})

test('a reservation that lapses gives its units back for all to see, though nobody sweeps', async () => {
  const sku = await shop.product(1)
  const made = await reserved(shopper, one(sku), { ttlSeconds: 3 })
  const state = await watch(sku)
  await until('the snapshot', () => state.messages > 0)
  await until('the unit', () => state.available === 1)
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(made.expiresAt) - 50)
})

test('who comes back with the id of the last event is sent only what differs', async () => {
  const sku = await shop.product(5)
  const first = await watch(sku)
  await until('the snapshot', () => first.available === 5)
  const same = await watch(sku, first.lastEventId)
  await until('an answer', () => same.messages === 1)
  expect(same.available).toBeUndefined()
  await reserved(shopper, one(sku))
  await until('the change in both', () => first.available === 4 && same.available === 4)
  const later = await watch(sku, first.lastEventId)
  await until('an answer', () => later.messages === 1)
  expect(later.available).toBeUndefined()
})

test('two thousand clients watch one SKU, and each sees the change', async () => {
  const sku = await shop.product(7)
  const watches: Watch[] = []
  while (watches.length < 2_000) watches.push(...(await Promise.all(Array.from({ length: 250 }, async () => watch(sku)))))
  await until('two thousand snapshots', () => watches.every(({ available }) => available === 7))
  await reserved(shopper, one(sku, 2))
  await until('the change in all of them', () => watches.every(({ available }) => available === 5))
})
