import { bestEncoding, checkAccept } from './negotiation'

test.each([
  undefined,
  '',
  '*/*',
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/*;q=0.1',
  'text/html, application/xhtml+xml, */*;q=0.8',
  'text/html;q=1, application/json;q=0.001',
  'application/json;q=high',
])('Accept %j takes JSON', (accept) => {
  expect(() => checkAccept(accept, 'application/json')).not.toThrow()
})

test.each([
  'text/html',
  'application/xml, text/*',
  'application/json;q=0',
  '*/*, application/json;q=0',
  '*/*, application/*;q=0.000',
  'application/problem+json',
])('Accept %j does not', (accept) => {
  expect(() => checkAccept(accept, 'application/json')).toThrow(
    expect.objectContaining({ code: 'NOT_ACCEPTABLE', fields: [expect.objectContaining({ field: 'Accept' })] }),
  )
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['deflate', undefined],
  ['gzip;q=0, br;q=0', undefined],
  ['*;q=0', undefined],
  ['identity;q=1, gzip;q=0.5', undefined],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['gzip;q=1.0, br;q=0.9', 'gzip'],
  ['br;q=0, *', 'gzip'],
  ['*', 'br'],
])('Accept-Encoding %j gets %s', (header, encoding) => {
  expect(bestEncoding(header)).toBe(encoding)
})
