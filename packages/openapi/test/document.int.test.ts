/** The document keeps to the rules of OpenAPI, and says what the protos say. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { rpcDescriptors } from '@holdfast/contracts'
import { errorCodes } from '@holdfast/service'

import { httpFile, type JsonSchema, openApiDocument, operationsOf } from '../src'

const rpcs = rpcDescriptors()
const document = openApiDocument(rpcs)
const at = (...steps: string[]): JsonSchema =>
  steps.reduce<JsonSchema>((object, step) => (object[step] ?? {}) as JsonSchema, document)

test('it is OpenAPI 3.1 without a fault, by the recommended rules of redocly', () => {
  const lint = (source: JsonSchema): unknown =>
    JSON.parse(execFileSync(process.execPath, [join(__dirname, 'lint.mjs')], { input: JSON.stringify(source), encoding: 'utf8' }))
  expect(lint(document)).toEqual([])
  expect(lint({ ...document, paths: { '/x': { get: { responses: { '999': {} } } } } })).not.toEqual([])
})

test('every RPC with a route has its page, with a summary, and nobody else has one', () => {
  const operations = operationsOf(rpcs)
  const pages = operations.map(({ path, method }) => at('paths', path, method))
  expect(operations).toHaveLength(rpcs.filter(({ route }) => route !== undefined).length)
  expect(pages.map((page) => page['x-grpc-method'])).toEqual(operations.map(({ rpc }) => rpc.path))
  expect(pages.filter((page) => !page['summary'] || !page['operationId'])).toEqual([])
  const written = Object.values(at('paths')).flatMap((path) => Object.keys(path as object))
  expect(written).toHaveLength(operations.length)
})

test('a page says what its proto says: words, who may call, body, bounds and answers', () => {
  const page = at('paths', '/v1/reservations', 'post')
  expect(page).toMatchObject({
    operationId: 'createReservation',
    tags: ['Reservation'],
    summary: 'Holds all lines or none',
    security: [{ bearer: [] }],
    requestBody: { required: true },
    parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }],
  })
  expect(page['description']).toContain('Repeatable by Idempotency-Key')
  expect(Object.keys(page['responses'] as object)).toEqual([
    '200',
    '201',
    '400',
    '401',
    '403',
    '404',
    '406',
    '409',
    '413',
    '415',
    '422',
    '429',
    '431',
    '500',
    '503',
    '504',
  ])
  expect(at('components', 'schemas', 'LineRequest')).toMatchObject({
    properties: { quantity: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
    required: ['quantity'],
    additionalProperties: false,
  })
})

test('what the path gives is no part of the body', () => {
  const page = at('paths', '/v1/products/{sku}/stock:adjust', 'post')
  const schema = at('paths', '/v1/products/{sku}/stock:adjust', 'post', 'requestBody', 'content', 'application/json', 'schema')
  expect(page['parameters']).toMatchObject([{ name: 'sku', in: 'path', required: true }, { $ref: expect.any(String) }])
  const inBody = Object.keys(schema['properties'] as object)
  expect(inBody).toEqual(expect.arrayContaining(['delta', 'reason', 'warehouse', 'clientToken']))
  expect(inBody).not.toContain('sku')
})

test('what is sent and what is answered are two schemas of one message, where they differ', () => {
  expect(at('components', 'schemas', 'Money')).toMatchObject({
    properties: { amountMinor: { type: 'string', format: 'int64' } },
    required: ['currency', 'amountMinor'],
  })
  expect(at('components', 'schemas', 'MoneyInput')).toMatchObject({
    properties: { amountMinor: { type: ['string', 'integer'] } },
    additionalProperties: false,
  })
  const { required } = at('components', 'schemas', 'Product')
  expect(required).toEqual(expect.arrayContaining(['sku', 'name', 'version']))
  expect(required).not.toContain('price')
})

test('a stream is told as events, and a versioned read with its tag', () => {
  const content = at('paths', '/v1/availability:watch', 'get', 'responses', '200', 'content', 'text/event-stream')
  expect(content['schema']).toMatchObject({ contentSchema: { $ref: '#/components/schemas/WatchAvailabilityResponse' } })
  expect(at('paths', '/v1/products/{sku}', 'get', 'responses', '304')).toMatchObject({ headers: { ETag: expect.anything() } })
  expect(at('paths', '/v1/products/{sku}', 'patch')['parameters']).toContainEqual({ $ref: '#/components/parameters/IfMatch' })
  expect(Object.keys(at('paths', '/v1/availability', 'get', 'responses'))).not.toContain('304')
})

test('an idempotency key is offered where the request has a place for one, and nowhere else', () => {
  const operations = operationsOf(rpcs)
  const taking = operations
    .filter(({ rpc }) => rpc.desc.input.fields.some(({ name }) => name === 'client_token'))
    .map(({ id }) => id)
  expect(taking).toEqual(expect.arrayContaining(['register', 'createReservation', 'checkout', 'rebuildActivity']))
  for (const id of ['login', 'refresh', 'logout', 'logoutEverywhere', 'repairConsistency', 'sweep'])
    expect(taking).not.toContain(id)

  const parameter = { $ref: '#/components/parameters/IdempotencyKey' }
  const pages = operations.map(({ id, path, method }) => ({ id, page: at('paths', path, method) }))
  const offering = pages.filter(({ page }) =>
    (page['parameters'] as JsonSchema[] | undefined)?.some(({ $ref }) => $ref === parameter.$ref),
  )
  expect(offering.map(({ id }) => id)).toEqual(taking)
  // Nor is anybody told that theirs was used for something else.
  const reused = pages.filter(({ page }) => '422' in (page['responses'] as object))
  expect(reused.map(({ id }) => id)).toEqual(taking)

  const requests = httpFile(rpcs).split('\n### ').slice(1)
  const sending = requests
    .filter((request) => request.includes('\nIdempotency-Key: '))
    .map((request) => request.split('\n', 1)[0])
  const examples = operations.filter(({ rawBody }) => !rawBody).map(({ id }) => id)
  expect([...sending].sort()).toEqual(taking.filter((id) => examples.includes(id)).sort())
})

test('every code of the closed list is at its status', () => {
  // No operation answers these two: an address does, and a release without the RPC.
  const codes = Object.entries(errorCodes).filter(([, { http }]) => http !== 405 && http !== 501)
  for (const [code, { http }] of codes) {
    const response = at('components', 'responses', String(http), 'content', 'application/problem+json', 'examples')
    expect(Object.keys(response)).toContain(code)
  }
})
