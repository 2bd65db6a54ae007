import { createRequests } from './requests'

const task = { tokens: ['one', 'two'], keyPrefix: 'run' }
const url = 'http://127.0.0.1:8080'

const bodyOf = (request: string): unknown => JSON.parse(request.slice(request.indexOf('\r\n\r\n') + 4))
const header = (request: string, name: string): string | undefined => new RegExp(`\\r\\n${name}: (.*)\\r`).exec(request)?.[1]

test('users and SKUs take turns, and each request has a key of its own', () => {
  const next = createRequests({ url }, task, { skus: ['A', 'B', 'C'] }, 1)
  const requests = Array.from({ length: 6 }, next)
  expect(requests.map((request) => bodyOf(request))).toMatchObject(
    ['A', 'B', 'C', 'A', 'B', 'C'].map((sku) => ({ lines: [{ sku, quantity: 1 }] })),
  )
  expect(header(requests[0] ?? '', 'authorization')).toBe('Bearer one')
  expect(header(requests[1] ?? '', 'authorization')).toBe('Bearer two')
  expect(new Set(requests.map((request) => header(request, 'idempotency-key'))).size).toBe(6)
  expect(requests[0]).toMatch(/^POST \/v1\/reservations HTTP\/1\.1\r\nhost: 127\.0\.0\.1:8080\r\n/)
})

test('a request frames its body by its length and may name a strategy', () => {
  const request = createRequests({ url }, { ...task, tokens: [], strategy: 'PESSIMISTIC' }, { skus: ['A'] }, 0)()
  const body = request.slice(request.indexOf('\r\n\r\n') + 4)
  expect(header(request, 'content-length')).toBe(String(body.length))
  expect(header(request, 'authorization')).toBeUndefined()
  expect(JSON.parse(body)).toMatchObject({ strategy: 'PESSIMISTIC', lines: [{ sku: 'A' }] })
})

test('another system is asked at its own path with its own body', () => {
  const request = createRequests({ url: `${url}/admin/reservations`, body: '{"item":"$SKU"}' }, task, { skus: ['A'] }, 0)()
  expect(request).toMatch(/^POST \/admin\/reservations HTTP/)
  expect(bodyOf(request)).toEqual({ item: 'A' })
})
