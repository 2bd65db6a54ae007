/** Products that a gateway keeps: a whole gateway, before an inventory whose answers the test gives. */
import { Product } from '@holdfast/contracts/inventory'
import { HoldfastError } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { type Fixture, runGateway, startFixture } from './support'

let gateway: Fixture

/** What inventory has, how often it was read, and what it says about changes: undefined: nothing. */
let product: Product
let reads = 0
let changed: string[] | undefined

beforeAll(async () => {
  gateway = await startFixture({
    inventory: {
      getProduct: async (_request, ctx) => {
        reads++
        return Promise.resolve({ product, requestId: ctx.requestId })
      },
      getAvailability: async () => {
        reads++
        return Promise.resolve({ availability: [] })
      },
      listProductChanges: async ({ after }) => {
        if (changed === undefined) throw new HoldfastError('UNAVAILABLE', 'Nobody knows')
        return Promise.resolve({ changed: changed.splice(0), position: 'here', all: after === '' })
      },
    },
  })
})
afterAll(async () => gateway.close())
beforeEach(() => {
  product = Product.fromJSON({ sku: 'A', name: 'A thing', version: 1 })
  changed = ['A']
})

interface Read {
  etag: string | null
  version: number
  /** Whether inventory was not asked. */
  kept: boolean
}

async function read(url = gateway.url): Promise<Read> {
  const before = reads
  const response = await fetch(`${url}/v1/products/A`, { headers: { 'x-request-id': 'a-read-of-mine' } })
  const body = (await response.json()) as { product: { version: number }; requestId: string }
  expect(body.requestId).toBe('a-read-of-mine')
  return { etag: response.headers.get('etag'), version: body.product.version, kept: reads === before }
}

/** As often as it takes: a gateway that is busy or slow may rightly ask each time. */
async function untilKept(): Promise<Read> {
  let last: Read | undefined
  await waitFor(async () => (last = await read()).kept, { what: 'a read that inventory is not asked for', timeoutMs: 30_000 })
  if (last === undefined) throw new Error('nothing was read')
  return last
}

async function metric(name: string): Promise<number> {
  const line = (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n').find((one) => one.startsWith(name))
  return Number(line?.split(' ').at(-1) ?? 0)
}

test('what was read is given again, with its entity tag, over every protocol, and counted', async () => {
  expect(await untilKept()).toEqual({ etag: 'W/"1"', version: 1, kept: true })
  const [hits, misses] = ['hit', 'miss'].map((result) => `answer_cache_reads_total{method="GetProduct",result="${result}"}`)
  expect(await metric(hits ?? '')).toBeGreaterThan(0)
  expect(await metric(misses ?? '')).toBeGreaterThan(0)
  expect(await metric('answer_cache_bytes')).toBeGreaterThan(0)

  await waitFor(
    async () => {
      const before = reads
      const response = await fetch(`${gateway.url}/holdfast.inventory.v1.InventoryService/GetProduct`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'connect-protocol-version': '1', 'x-request-id': 'by-connect' },
        body: '{"sku":"A"}',
      })
      expect(await response.json()).toMatchObject({ product: { sku: 'A', version: 1 }, requestId: 'by-connect' })
      return reads === before
    },
    { what: 'the same by Connect', timeoutMs: 30_000 },
  )
  const before = reads
  const unchanged = await fetch(`${gateway.url}/v1/products/A`, { headers: { 'if-none-match': 'W/"1"' } })
  expect([unchanged.status, reads - before <= 1]).toEqual([304, true])
})

test('a change that is told is seen', async () => {
  await untilKept()
  product = { ...product, version: 2 }
  changed?.push('A')
  await waitFor(async () => (await read()).version === 2, { what: 'the change', timeoutMs: 30_000 })
  expect(await untilKept()).toMatchObject({ etag: 'W/"2"', version: 2 })
})

test('while nobody says what has changed nothing old is given: inventory is asked each time', async () => {
  await untilKept()
  changed = undefined
  product = { ...product, version: 3 }
  await waitFor(async () => !(await read()).kept, { what: 'a read that inventory is asked for', timeoutMs: 30_000 })
  for (const version of [4, 5, 6]) {
    product = { ...product, version }
    expect(await read()).toMatchObject({ version, kept: false })
  }
  changed = ['A']
  expect(await untilKept()).toMatchObject({ version: 6 })
})

test('availability is never kept', async () => {
  for (let i = 0; i < 5; i++) {
    const before = reads
    expect((await fetch(`${gateway.url}/v1/availability?skus=A`)).status).toBe(200)
    expect(reads).toBe(before + 1)
  }
})

test('with room for nothing nothing is kept', async () => {
  const other = await runGateway({ ...gateway.env, ANSWER_CACHE_BYTES: '0' })
  try {
    for (let i = 0; i < 5; i++) expect(await read(`http://127.0.0.1:${other.httpPort}`)).toMatchObject({ kept: false })
  } finally {
    await other.stop()
  }
})
