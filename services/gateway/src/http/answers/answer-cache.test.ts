import type { ServerResponse } from 'node:http'

import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import {
  GetProductRequest,
  GetProductResponse,
  ListProductChangesRequest,
  ListProductChangesResponse,
  ListProductsRequest,
  ListProductsResponse,
  Product,
} from '@holdfast/contracts/inventory'
import { createLog, HoldfastError } from '@holdfast/service'

import type { Send } from '../senders'
import type { Call } from '../upstreams'
import { AnswerCache } from './answer-cache'

const log = createLog('test', 'silent')
const response = {} as ServerResponse
const maxBytes = 40_000

/** What the service has now, */
let products: Map<string, Product>
/** how often it was asked for that, and for what has changed; */
let reads: number
let questions: { after: string; answer: (answer: Partial<ListProductChangesResponse>) => void; fail: (error: Error) => void }[]
/** and a read that is on its way waits for this. */
let held: Promise<void>
let now: number
let cache: AnswerCache
let get: Send
let list: Send
let update: Send
let requests = 0

beforeEach(() => {
  products = new Map(['A', 'B'].map((sku) => [sku, product(sku, 1)]))
  reads = 0
  questions = []
  held = Promise.resolve()
  now = 1_000_000
  cache = newCache()
})

function newCache(): AnswerCache {
  const made = new AnswerCache({
    maxBytes,
    call: async (_service, path, { request }) => {
      expect(path).toBe('/holdfast.inventory.v1.InventoryService/ListProductChanges')
      const { after } = ListProductChangesRequest.decode(request)
      const bytes = await new Promise<ListProductChangesResponse>((resolve, reject) =>
        questions.push({ after, answer: (answer) => resolve(ListProductChangesResponse.fromJSON(answer)), fail: reject }),
      )
      return Buffer.from(ListProductChangesResponse.encode(bytes).finish())
    },
    log,
    now: () => now,
  })
  get = made.around(rpc('GetProduct'), async ({ request, requestId }) => {
    reads++
    const found = products.get(GetProductRequest.decode(request).sku.toUpperCase())
    await held
    if (found === undefined) throw new HoldfastError('NOT_FOUND', 'There is none')
    return Buffer.from(GetProductResponse.encode({ product: found, requestId }).finish())
  })
  list = made.around(rpc('ListProducts'), async () => {
    reads++
    return Promise.resolve(
      Buffer.from(ListProductsResponse.encode({ products: [...products.values()], nextPageToken: '' }).finish()),
    )
  })
  update = made.around(rpc('UpdateProduct'), async () => Promise.resolve(Buffer.alloc(0)))
  return made
}

function rpc(method: string): RpcDescriptor {
  const found = rpcDescriptors().find((candidate) => candidate.method === method)
  if (found === undefined) throw new Error(`there is no ${method}`)
  return found
}

function product(sku: string, version: number, description = ''): Product {
  return { ...Product.fromJSON({ sku, name: sku, description, version }) }
}

function callOf(request: Uint8Array): Call {
  const requestId = `request-${++requests}`
  return {
    request: Buffer.from(request),
    requestId,
    userToken: undefined,
    idempotencyKey: undefined,
    traceparent: undefined,
    deadline: Infinity,
  }
}

/** The version that a read shows, which has to be the answer to that very request. */
async function version(sku: string): Promise<number | undefined> {
  const call = callOf(GetProductRequest.encode({ sku }).finish())
  const bytes = await get(call, response)
  const answer = GetProductResponse.decode(bytes)
  expect(answer.requestId).toBe(call.requestId)
  // What is kept says nothing of the request that it first answered.
  expect(bytes.toString('latin1').match(/request-\d+/g)).toEqual([call.requestId])
  return answer.product?.version
}

async function versions(): Promise<number[]> {
  const answer = await list(callOf(ListProductsRequest.encode({ pageSize: 0, pageToken: '', search: '' }).finish()), response)
  return ListProductsResponse.decode(answer).products.map((one) => one.version)
}

/** Answers the question that is open, after which the cache knows of it. */
async function tell(answer: Partial<ListProductChangesResponse>): Promise<void> {
  const question = questions.shift()
  if (question === undefined) throw new Error('nobody asked for changes')
  question.answer({ changed: [], all: false, position: 'later', ...answer })
  await settled()
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** A cache that knows where it stands, and keeps A, B and the list of both. */
async function filled(): Promise<void> {
  await version('A')
  await tell({ all: true, position: 'first' })
  for (const sku of ['A', 'B']) await version(sku)
  await versions()
  reads = 0
}

test('what was read is given again, each time with the id of the request', async () => {
  await filled()
  expect([await version('A'), await version('A'), await version('B'), await versions()]).toEqual([1, 1, 1, [1, 1]])
  expect(reads).toBe(0)
})

test('what has changed is read again, what has not is not, and a list is by any change', async () => {
  await filled()
  products.set('A', product('A', 2))
  now += 300
  // Nobody waits for the question.
  expect(await version('A')).toBe(1)
  expect(questions.map(({ after }) => after)).toEqual(['first'])
  await tell({ changed: ['A'], position: 'second' })
  expect([await version('A'), await version('B'), await versions()]).toEqual([2, 1, [2, 1]])
  expect(reads).toBe(2)
  expect([await version('A'), await versions(), reads]).toEqual([2, [2, 1], 2])
})

test('however a SKU is written, what is kept of it goes', async () => {
  await filled()
  await version('a')
  products.set('A', product('A', 2))
  now += 300
  await version('B')
  await tell({ changed: ['A'] })
  expect([await version('a'), await version('A')]).toEqual([2, 2])
})

test('a read that is on its way while a change is told is not kept: it may be from before', async () => {
  await filled()
  now += 300
  let letGo = (): void => undefined
  held = new Promise((resolve) => (letGo = resolve))
  products.set('C', product('C', 1))
  const old = version('C')
  products.set('C', product('C', 2))
  await tell({ changed: ['C'] })
  letGo()
  expect(await old).toBe(1)
  expect(await version('C')).toBe(2)
  expect([await version('C'), reads]).toEqual([2, 2])
})

test('a read that ends before its change is told is dropped with it', async () => {
  await filled()
  products.set('C', product('C', 1))
  await version('C')
  products.set('C', product('C', 2))
  now += 300
  expect(await version('C')).toBe(1)
  await tell({ changed: ['C'] })
  expect(await version('C')).toBe(2)
})

test('of two reads on their way together the older never takes the place of the newer', async () => {
  await filled()
  let letGo = (): void => undefined
  held = new Promise((resolve) => (letGo = resolve))
  products.set('C', product('C', 1))
  const old = version('C')
  held = Promise.resolve()
  products.set('C', product('C', 2))
  expect(await version('C')).toBe(2)
  letGo()
  expect(await old).toBe(1)
  reads = 0
  expect([await version('C'), reads]).toEqual([2, 0])
})

test('who has changed something here reads it at once, whatever was asked before', async () => {
  await filled()
  now += 300
  await version('A')
  products.set('A', product('A', 2))
  await update(callOf(Buffer.alloc(0)), response)
  expect(await version('A')).toBe(2)
  // That question may have been answered before the change.
  await tell({ position: 'second' })
  expect(await version('A')).toBe(2)
  await tell({ changed: ['A'], position: 'third' })
  reads = 0
  expect([await version('A'), await version('A'), reads]).toEqual([2, 2, 1])
})

test('a change that was answered with an error counts as well: it may have been done', async () => {
  await filled()
  const failing = cache.around(rpc('UpdateProduct'), async () => Promise.reject(new HoldfastError('UNAVAILABLE', 'Who knows')))
  products.set('A', product('A', 2))
  await expect(failing(callOf(Buffer.alloc(0)), response)).rejects.toThrow('Who knows')
  expect(await version('A')).toBe(2)
})

test('where changes can not be read, or not soon enough, nothing that is kept is given', async () => {
  await filled()
  products.set('A', product('A', 2))
  now += 999
  expect(await version('A')).toBe(1)
  now += 1
  expect(await version('A')).toBe(2)
  questions.shift()?.fail(new HoldfastError('UNAVAILABLE', 'Gone'))
  await settled()
  products.set('A', product('A', 3))
  now += 300
  expect([await version('A'), await version('B')]).toEqual([3, 1])
  // It goes on from where it was: what happened meanwhile is told.
  expect(questions.map(({ after }) => after)).toEqual(['first'])
  await tell({ changed: ['A'] })
  reads = 0
  expect([await version('B'), reads]).toEqual([1, 0])
  expect([await version('A'), reads]).toEqual([3, 1])
})

test('an answer about changes that took long says only what was so when it was asked for', async () => {
  await filled()
  now += 300
  await version('A')
  now += 900
  await tell({ position: 'second' })
  products.set('A', product('A', 2))
  now += 100
  expect(await version('A')).toBe(2)
})

test('nobody asks for changes while nobody reads, and never twice at once', async () => {
  await filled()
  now += 300
  for (let i = 0; i < 10; i++) await version('A')
  expect(questions).toHaveLength(1)
  now += 10_000
  await settled()
  expect(questions).toHaveLength(1)
})

test('too many changes to name are all', async () => {
  await filled()
  now += 300
  await version('A')
  await tell({ all: true })
  expect([await version('A'), await version('B'), await versions()]).toEqual([1, 1, [1, 1]])
  expect(reads).toBe(3)
})

test('what there is not is asked for each time', async () => {
  await filled()
  for (let i = 0; i < 2; i++) await expect(version('NONE')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  products.set('NONE', product('NONE', 1))
  expect(await version('NONE')).toBe(1)
})

test('nothing is kept for longer than a minute, even if no change is told', async () => {
  await filled()
  products.set('A', product('A', 2))
  for (let seconds = 0; seconds < 61; seconds += 0.5) {
    now += 500
    await version('B')
    if (questions.length > 0) await tell({ position: 'same' })
  }
  expect(await version('A')).toBe(2)
})

test('it stays within its room: what was read longest ago makes place, and what is too large is not kept', async () => {
  await filled()
  for (let i = 0; i < 200; i++) {
    products.set(`P${i}`, product(`P${i}`, 1, 'x'.repeat(500)))
    await version(`P${i}`)
  }
  reads = 0
  for (let i = 199; i >= 0; i--) await version(`P${i}`)
  const kept = 200 - reads
  expect(kept).toBeGreaterThan(20)
  expect(kept * 500).toBeLessThan(maxBytes)
  products.set('LARGE', product('LARGE', 1, 'x'.repeat(maxBytes / 4)))
  reads = 0
  for (let i = 0; i < 2; i++) await version('LARGE')
  expect(reads).toBe(2)
})
