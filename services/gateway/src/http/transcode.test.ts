import type { JsonObject } from '@bufbuild/protobuf'
import { rpcDescriptors } from '@holdfast/contracts'
import { AdjustStockRequest } from '@holdfast/contracts/inventory'
import { ListOrdersRequest } from '@holdfast/contracts/order'
import {
  GetReservationResponse,
  CreateReservationRequest,
  CreateReservationResponse,
  Reservation,
} from '@holdfast/contracts/reservation'
import { HoldfastError } from '@holdfast/service'

import { parseJsonObject } from './json-text'
import { buildRoutes, type Route } from './route-table'
import { decodeResponse, encodeRequest } from './transcode'

const routes = buildRoutes(rpcDescriptors().filter((rpc) => rpc.route !== undefined))

function encode(target: string, body?: string | JsonObject): Buffer {
  const [method = '', address = ''] = target.split(' ')
  const [path = '', query = ''] = address.split('?')
  const found = routes.find(method, path)
  if (found === undefined || !('value' in found)) throw new Error(`${target} is no route`)
  return encodeRequest(found.value, found.segments, query, typeof body === 'string' ? parseJsonObject(body) : body)
}

function route(method: string, path: string): Route {
  const found = routes.find(method, path)
  if (found === undefined || !('value' in found)) throw new Error('no route')
  return found.value
}

function problemsOf(target: string, body?: string): string[] {
  try {
    encode(target, body)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    expect(error.code).toBe('INVALID_ARGUMENT')
    return error.fields.map(({ field, message }) => `${field} ${message}`)
  }
  return []
}

const reserve = (lines: string) => `{"lines":${lines}}`

test.each([
  [
    'a fraction',
    reserve('[{"sku":"A","quantity":1.5}]'),
    'lines[0].quantity must be a whole number from -2147483648 to 2147483647',
  ],
  [
    'a word for a number',
    reserve('[{"sku":"A","quantity":"abc"}]'),
    'lines[0].quantity must be a whole number from -2147483648 to 2147483647',
  ],
  [
    'a huge number',
    reserve('[{"sku":"A","quantity":1},{"sku":"A","quantity":1e12}]'),
    'lines[1].quantity must be a whole number from -2147483648 to 2147483647',
  ],
  ['a number for a string', reserve('[{"sku":7,"quantity":1}]'), 'lines[0].sku must be a string of valid Unicode'],
  ['a lone surrogate', reserve('[{"sku":"\\ud800","quantity":1}]'), 'lines[0].sku must be a string of valid Unicode'],
  [
    'an object for a number',
    reserve('[{"sku":"A","quantity":{}}]'),
    'lines[0].quantity must be a whole number from -2147483648 to 2147483647',
  ],
  ['an object for a list', reserve('{"sku":"A"}'), 'lines must be a list'],
  ['a list for an object', reserve('[[]]'), 'lines[0] must be an object'],
  ['null in a list', reserve('[null]'), 'lines[0] must not be null'],
  ['an unknown field', '{"line":[]}', 'line is not a field here'],
  ['an unknown field inside', reserve('[{"sku":"A","quantity":1,"amount":1}]'), 'lines[0].amount is not a field here'],
  ['a field of the prototype', reserve('[{"__proto__":{},"sku":"A"}]'), 'lines[0].__proto__ is not a field here'],
  ['another field of the prototype', '{"constructor":1}', 'constructor is not a field here'],
  ['both names of one field', '{"ttlSeconds":1,"ttl_seconds":1}', 'ttl_seconds is given twice'],
  ['a word for a truth value', '{"reuseActive":"yes"}', 'reuseActive must be true or false'],
])('POST /v1/reservations with %s names the place', (_what, body, problem) => {
  expect(problemsOf('POST /v1/reservations', body)).toEqual([problem])
})

test('the last days of months are days', () => {
  for (const day of ['2028-02-29', '2026-12-31', '2026-02-28']) {
    expect(problemsOf('POST /v1/reservations/1:extend', `{"expiresAt":"${day}T23:59:59+01:00"}`)).toEqual([])
  }
})

test('every place that is wrong is named, up to a bound', () => {
  expect(problemsOf('POST /v1/reservations', '{"lines":[{"quantity":"x"},{"sku":1}],"ttlSeconds":0.5}')).toHaveLength(3)
  expect(problemsOf('POST /v1/reservations', reserve(`[${'1,'.repeat(500)}1]`))).toHaveLength(20)
})

test.each([
  [
    'an unknown status',
    'POST /v1/orders/1:transition',
    '{"status":"LOST"}',
    'status must be one of PENDING, CONFIRMED, PROCESSING, SHIPPED, DELIVERED, CANCELLED',
  ],
  [
    'a day that is no time',
    'POST /v1/reservations/1:extend',
    '{"expiresAt":"tomorrow"}',
    'expiresAt must be a time as 2026-01-31T12:00:00Z',
  ],
  [
    'a day that its month does not have',
    'POST /v1/reservations/1:extend',
    '{"expiresAt":"2026-02-30T10:00:00Z"}',
    'expiresAt must be a time as 2026-01-31T12:00:00Z',
  ],
  [
    'such a day in the query',
    'GET /v1/orders?createdAfter=2027-02-29T00:00:00Z',
    undefined,
    'createdAfter must be a time as 2026-01-31T12:00:00Z',
  ],
  [
    'a number for a time',
    'POST /v1/reservations/1:extend',
    '{"expiresAt":12}',
    'expiresAt must be a time as 2026-01-31T12:00:00Z',
  ],
  [
    'a fraction of a cent',
    'POST /v1/products',
    '{"price":{"amountMinor":"1.5"}}',
    'price.amountMinor must be a whole number of at most 64 bits',
  ],
  ['an id that differs from the path', 'POST /v1/orders/1:cancel', '{"id":"2"}', 'id differs from the path'],
  ['a parameter beside the body', 'POST /v1/checkout?x=1', '{}', 'x is not a parameter of this request'],
  [
    'a page size of letters',
    'GET /v1/orders?pageSize=many',
    undefined,
    'pageSize must be a whole number from -2147483648 to 2147483647',
  ],
  [
    'a page size with an exponent',
    'GET /v1/orders?pageSize=1e1',
    undefined,
    'pageSize must be a whole number from -2147483648 to 2147483647',
  ],
  ['an empty page size', 'GET /v1/orders?pageSize=', undefined, 'pageSize must be a whole number from -2147483648 to 2147483647'],
  ['an unknown parameter', 'GET /v1/orders?size=5', undefined, 'size is not a parameter of this request'],
  ['a parameter twice', 'GET /v1/orders?pageSize=5&page_size=6', undefined, 'page_size is given more than once'],
  [
    'a status by number',
    'GET /v1/orders?status=1',
    undefined,
    'status must be one of PENDING, CONFIRMED, PROCESSING, SHIPPED, DELIVERED, CANCELLED',
  ],
  ['a time that is none', 'GET /v1/orders?createdAfter=now', undefined, 'createdAfter must be a time as 2026-01-31T12:00:00Z'],
  ['a bad percent encoding', 'GET /v1/orders?pageToken=%ff', undefined, 'pageToken is not percent-encoded UTF-8'],
  ['what the path says, in the query', 'GET /v1/orders/1?id=2', undefined, 'id is not a parameter of this request'],
  [
    'letters for a sequence in the path',
    'GET /v1/audit/records/first',
    undefined,
    'sequence must be a whole number of at most 64 bits',
  ],
])('%s is refused', (_what, target, body, problem) => {
  expect(problemsOf(target, body)).toEqual([problem])
})

test('a body arrives as the request, with either name of a field', () => {
  const bytes = encode('POST /v1/reservations', '{"lines":[{"sku":"Ä","quantity":"2"}],"ttl_seconds":30,"reuseActive":true}')
  expect(CreateReservationRequest.decode(bytes)).toEqual({
    lines: [{ sku: 'Ä', quantity: 2, warehouse: '' }],
    ttlSeconds: 30,
    clientToken: '',
    strategy: 'STRATEGY_UNSPECIFIED',
    reuseActive: true,
    reservationId: '',
    channel: '',
    allowSplit: false,
    splitBy: 'SPLIT_UNSPECIFIED',
  })
})

test('path and body make one request', () => {
  const bytes = encode('POST /v1/products/A%2FB/stock:adjust', { delta: -3, reason: 'broken', sku: 'A/B' })
  expect(AdjustStockRequest.decode(bytes)).toMatchObject({ sku: 'A/B', delta: -3, reason: 'broken' })
})

test('a query makes a request', () => {
  const query =
    'status=PENDING&min_total_minor=9007199254740993&createdAfter=2026-01-31T12:00:00%2B01:00&sort=TOTAL_ASC&pageToken=a+b'
  expect(ListOrdersRequest.decode(encode(`GET /v1/orders?${query}`))).toMatchObject({
    status: 'PENDING',
    minTotalMinor: 9007199254740993n,
    createdAfter: new Date('2026-01-31T11:00:00Z'),
    sort: 'TOTAL_ASC',
    pageToken: 'a b',
  })
})

test('a response shows zeros, empty lists and false, names of enum values, and 64-bit numbers as strings', () => {
  const reservation = Reservation.fromJSON({
    id: 'r/1',
    status: 'ACTIVE',
    lines: [{ sku: 'A', warehouse: 'MAIN', quantity: 1, unitPrice: { currency: 'USD', amountMinor: '9007199254740993' } }],
  })
  const bytes = Buffer.from(CreateReservationResponse.encode({ reservation, requestId: 'q', replayed: false }).finish())
  const answer = decodeResponse(route('POST', '/v1/reservations'), bytes)
  expect(answer).toMatchObject({ status: 201, location: '/v1/reservations/r%2F1' })
  expect(JSON.parse(String(answer.body))).toEqual({
    reservation: {
      id: 'r/1',
      userId: '',
      status: 'ACTIVE',
      lines: [
        {
          sku: 'A',
          warehouse: 'MAIN',
          quantity: 1,
          unitPrice: { currency: 'USD', amountMinor: '9007199254740993' },
          parts: [],
          backordered: 0,
        },
      ],
      ttlSeconds: 0,
      version: 0,
      linesVersion: 0,
      parentId: '',
      fills: 0,
    },
    requestId: 'q',
    replayed: false,
  })
})

test('a replay and a read answer 200 without an address', () => {
  const reservation = Reservation.fromJSON({ id: 'r1' })
  const replay = Buffer.from(CreateReservationResponse.encode({ reservation, requestId: 'q', replayed: true }).finish())
  expect(decodeResponse(route('POST', '/v1/reservations'), replay)).toMatchObject({ status: 200, location: undefined })
  const read = Buffer.from(GetReservationResponse.encode({ reservation, requestId: 'q' }).finish())
  expect(decodeResponse(route('GET', '/v1/reservations/r1'), read)).toMatchObject({ status: 200, location: undefined })
})
