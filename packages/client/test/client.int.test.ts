/** What the client does about refusals, lost connections and old tokens, at a server that gives the answers it is told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createClient, HoldfastApiError } from '../src/index.ts'

let server: Server
let url: string
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
let answers: ((response: ServerResponse) => void)[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answers.shift()?.(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  seen = []
  answers = []
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(status, { type: `/docs/errors#${code}`, title: code, status, detail: 'No', code, requestId: 'r1', errors: [] }, headers)
const broken = (response: ServerResponse) => response.destroy()

const reserve = { lines: [{ sku: 'A', quantity: 1 }] }

test('fields go into path, query and body', async () => {
  const client = createClient({ url, token: () => 't1' })
  answers = [json(200, {}), json(200, {}), json(200, {})]
  await client.getProduct({ sku: 'A/B' })
  await client.getAvailability({ skus: ['A', 'B C'] })
  await client.adjustStock({ sku: 'A', delta: -1, reason: 'broken' })
  expect(seen.map(({ method, url: target, body }) => [method, target, body])).toEqual([
    ['GET', '/v1/products/A%2FB', ''],
    ['GET', '/v1/availability?skus=A&skus=B+C', ''],
    ['POST', '/v1/products/A/stock:adjust', '{"delta":-1,"reason":"broken"}'],
  ])
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, 'Bearer t1'])
  await expect(client.getProduct({ sku: '' })).rejects.toThrow('sku is needed')
})

test('a file is the body as it is, again at each try, and the other fields go into the query', async () => {
  const client = createClient({ url, token: () => 't1' })
  answers = [problem(503, 'OVERLOADED', { 'retry-after': '0' }), json(200, { changed: 1 })]
  const file = 'sku,warehouse,delta\r\nA,MAIN,1\r\n'
  expect(await client.importStock({ file, validateOnly: true, reason: 'a delivery' })).toEqual({ changed: 1 })
  for (const { method, url: target, headers, body } of seen) {
    expect([method, target, headers['content-type'], body]).toEqual([
      'POST',
      '/v1/stock:import?validateOnly=true&reason=a+delivery',
      'text/csv',
      file,
    ])
  }
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

test('a download comes in pieces, and one that breaks off is an error', async () => {
  const client = createClient({ url, token: () => 't1' })
  const start = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/csv' })
  answers = [(response) => start(response).end('sku\r\nA\r\n')]
  let text = ''
  for await (const piece of client.exportProducts({})) text += Buffer.from(piece).toString()
  expect([text, seen[0]?.headers.accept]).toEqual(['sku\r\nA\r\n', 'text/csv'])
  answers = [(response) => start(response).write('sku\r\n', () => response.destroy())]
  const broken = async () => {
    for await (const piece of client.exportProducts({})) expect(Buffer.from(piece).toString()).toBe('sku\r\n')
  }
  await expect(broken()).rejects.toThrow('terminated')
})

test('a call is tried again when it is asked for or has no answer, with one key', async () => {
  const client = createClient({ url, token: () => 't1' })
  answers = [
    problem(429, 'RATE_LIMITED', { 'retry-after': '0' }),
    problem(503, 'OVERLOADED', { 'retry-after': '0' }),
    broken,
    json(201, { ok: true }),
  ]
  await expect(client.createReservation(reserve)).resolves.toEqual({ ok: true })
  const keys = new Set(seen.map(({ headers }) => headers['idempotency-key']))
  expect([seen.length, keys.size]).toEqual([4, 1])
  answers = [json(201, {})]
  await client.createReservation(reserve)
  expect(keys.has(seen.at(-1)?.headers['idempotency-key'])).toBe(false)
})

test('an answer that breaks off is a lost one, and each further try is told of', async () => {
  const told: unknown[] = []
  const client = createClient({ url, token: () => 't1', onRetry: (error, waitMs) => told.push([error, waitMs]) })
  const cutOff = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"user":', () => response.destroy())
  }
  answers = [cutOff, problem(503, 'OVERLOADED', { 'retry-after': '0' }), json(200, { user: {} })]
  await expect(client.getMe({})).resolves.toEqual({ user: {} })
  expect(told).toEqual([
    [expect.objectContaining({ message: 'terminated' }), expect.any(Number)],
    [expect.objectContaining({ code: 'OVERLOADED' }), 0],
  ])
  answers = [cutOff]
  await expect(client.updateProduct({ sku: 'A', name: 'New' })).rejects.toThrow('terminated')
})

test('the longest wait that may be asked for is waited for', async () => {
  const client = createClient({ url, maxWaitMs: 1_000 })
  answers = [problem(429, 'RATE_LIMITED', { 'retry-after': '1' }), json(200, { products: [] })]
  await expect(client.listProducts({})).resolves.toEqual({ products: [] })
})

test('a refusal is thrown with its code, at once; so is one that asks for a longer wait than is wanted', async () => {
  const client = createClient({ url, token: () => 't1', maxWaitMs: 1_000 })
  answers = [problem(409, 'INSUFFICIENT_STOCK')]
  const refusal: unknown = await client.createReservation(reserve).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(HoldfastApiError)
  expect(refusal).toMatchObject({ code: 'INSUFFICIENT_STOCK', status: 409, requestId: 'r1' })
  answers = [problem(429, 'RATE_LIMITED', { 'retry-after': '60' })]
  await expect(client.createReservation(reserve)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 60_000 })
  expect(seen).toHaveLength(2)
})

test('what is no problem document is an error all the same', async () => {
  const client = createClient({ url, tries: 1 })
  answers = [(response) => response.writeHead(502).end('<html>bad gateway')]
  await expect(client.listProducts({})).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 502 })
})

test('what changes something without a key is not repeated when its answer is lost', async () => {
  const client = createClient({ url, token: () => 't1' })
  answers = [broken, json(200, {})]
  await expect(client.updateProduct({ sku: 'A', name: 'New' })).rejects.toThrow('fetch failed')
  expect(seen).toHaveLength(1)
})

test.each(['refresh', 'login'] as const)('a %s is sent once, whatever becomes of it', async (id) => {
  const client = createClient({ url })
  const ask = async (): Promise<unknown> =>
    id === 'refresh'
      ? client.refresh({ refreshToken: 'r1' })
      : client.login({ email: 'a@example.com', password: 'a long password' })
  answers = [broken]
  await expect(ask()).rejects.toThrow('fetch failed')
  answers = [problem(503, 'OVERLOADED', { 'retry-after': '0' })]
  await expect(ask()).rejects.toMatchObject({ code: 'OVERLOADED' })
  answers = [problem(429, 'RATE_LIMITED', { 'retry-after': '0' })]
  await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  expect(seen).toHaveLength(3)
})

test('registering has a key, and is tried again', async () => {
  const client = createClient({ url })
  answers = [broken, json(201, {})]
  await client.register({ email: 'a@example.com', password: 'a long password' })
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  expect(seen).toHaveLength(2)
})

test('an old token is exchanged once', async () => {
  const refreshToken = jest.fn(() => 'new')
  const client = createClient({ url, token: () => 'old', refreshToken })
  answers = [problem(401, 'UNAUTHENTICATED'), json(200, { user: {} })]
  await client.getMe({})
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
  answers = [problem(401, 'UNAUTHENTICATED'), problem(401, 'UNAUTHENTICATED')]
  await expect(client.getMe({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(refreshToken).toHaveBeenCalledTimes(2)
})

test('a call that takes too long is given up, and so is one that is not wanted any more', async () => {
  const client = createClient({ url, tries: 1 })
  await expect(client.listProducts({}, { timeoutMs: 50 })).rejects.toThrow('timeout')
  const leaving = new AbortController()
  const call = client.listProducts({}, { signal: leaving.signal })
  leaving.abort()
  await expect(call).rejects.toThrow('aborted')
})

test('a stream that breaks goes on from its last message', async () => {
  const client = createClient({ url })
  const begun = (text: string, end: boolean) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text)
    if (end) response.end()
  }
  const event = (token: string) => `id: ${token}\nevent: message\ndata: {"availability":[],"resumeToken":"${token}"}\n\n`
  answers = [begun(`retry: 1000\n\n: still here\n\n${event('t1')}`, true), begun(event('t2'), false)]
  const tokens: string[] = []
  for await (const { resumeToken } of client.watchAvailability({ skus: ['A'] })) {
    tokens.push(resumeToken)
    if (tokens.length === 2) break
  }
  expect(tokens).toEqual(['t1', 't2'])
  expect(seen.map(({ url: target }) => target)).toEqual([
    '/v1/availability:watch?skus=A',
    '/v1/availability:watch?skus=A&resumeToken=t1',
  ])
})

test('a client whose calls all fail repeats 50 in all, then one for ten that succeed; what is paced by 429 costs nothing', async () => {
  const client = createClient({ url })
  const failing = () => {
    answers = Array.from({ length: 5 }, () => problem(503, 'OVERLOADED', { 'retry-after': '0' }))
  }
  const paced = async () => {
    answers = [...Array.from({ length: 4 }, () => problem(429, 'RATE_LIMITED', { 'retry-after': '0' })), json(200, {})]
    await client.listProducts({})
  }
  const asked: number[] = []
  for (let call = 0; call < 14; call++) {
    seen = []
    failing()
    await expect(client.listProducts({})).rejects.toMatchObject({ code: 'OVERLOADED' })
    asked.push(seen.length)
  }
  expect(asked).toEqual([...Array.from({ length: 12 }, () => 5), 3, 1])
  await paced()
  answers = Array.from({ length: 9 }, () => json(200, {}))
  while (answers.length > 0) await client.listProducts({})
  seen = []
  failing()
  await expect(client.listProducts({})).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(seen).toHaveLength(2)
})
