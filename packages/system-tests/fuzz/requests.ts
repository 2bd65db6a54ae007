/** Requests to the routes of the contract, made from its descriptors: right ones, nearly right ones, and broken ones. */
import type { DescMessage } from '@bufbuild/protobuf'
import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import fc, { type Arbitrary } from 'fast-check'

import { rpcMessageOf } from './frames'
import { type Known, messageOf, type Mood, named, parameterOf } from './values'

export interface FuzzRequest {
  method: string
  /** Path and query; printable ASCII. */
  target: string
  headers: Record<string, string>
  body: Buffer
  /** By gRPC-web or Connect, whose errors are their own. */
  rpc?: 'unary' | 'stream'
}

export interface Secrets {
  user: string
  admin: string
}

const methods = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']

/** Any request, over all routes alike. */
export function requestsOf(known: Known, secrets: Secrets): Arbitrary<FuzzRequest> {
  const routes = rpcDescriptors().filter((rpc) => rpc.route !== undefined)
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...routes).chain((rpc) => toRoute(rpc, known, secrets)) },
    { weight: 1, arbitrary: anywhere(secrets) },
    { weight: 5, arbitrary: fc.constantFrom(...routes).chain((rpc) => toRpc(rpc, known, secrets)) },
  )
}

function toRoute(rpc: RpcDescriptor, known: Known, secrets: Secrets): Arbitrary<FuzzRequest> {
  const { method, template, hasBody } = ruleOf(rpc)
  const { input } = rpc.desc
  return fc.record({
    method: mostly(fc.constant(method), fc.constantFrom(...methods)),
    target: fc
      .tuple(pathOf(template, known), mostly(hasBody ? fc.constant('') : queryOf(input, known, variablesOf(template)), junkQuery))
      .map((parts) => parts.join('')),
    headers: headersOf(secrets),
    body: mostly(hasBody ? textOf(input, known, variablesOf(template)) : fc.constant(Buffer.alloc(0)), junkBody),
  })
}

/** By gRPC-web and Connect; Connect's GET too, which we do not have. */
function toRpc(rpc: RpcDescriptor, known: Known, secrets: Secrets): Arbitrary<FuzzRequest> {
  return fc
    .record({
      method: mostly(fc.constant('POST'), fc.constantFrom(...methods)),
      query: mostly(fc.constant(''), fc.constantFrom('?connect=v1&encoding=json&message=%7B%7D', '?x', '?')),
      headers: headersOf(secrets),
      message: rpcMessageOf(rpc, textOf(rpc.desc.input, known, [])),
    })
    .map(({ method, query, headers, message }) => ({
      method,
      target: `${rpc.path}${query}`,
      headers: { ...headers, ...message.headers },
      body: message.body,
      rpc: rpc.desc.methodKind === 'unary' ? 'unary' : 'stream',
    }))
}

function anywhere(secrets: Secrets): Arbitrary<FuzzRequest> {
  const pages = [
    '/',
    '/healthz',
    '/readyz',
    '/docs',
    '/docs/errors',
    '/openapi.json',
    '/metrics',
    '/.well-known/jwks.json',
    '/v1',
    '/v2/x',
  ]
  return fc.record({
    method: fc.constantFrom(...methods),
    target: fc
      .tuple(
        fc.oneof(
          fc.constantFrom(...pages),
          segment.map((text) => `/${text}`),
        ),
        junkQuery,
      )
      .map((parts) => parts.join('')),
    headers: headersOf(secrets),
    body: junkBody,
  })
}

function ruleOf({ route }: RpcDescriptor): { method: string; template: string; hasBody: boolean } {
  for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const) {
    const template = route?.[method]
    if (template !== undefined) return { method: method.toUpperCase(), template, hasBody: route?.body !== '' }
  }
  throw new Error('a route without a method')
}

function mostly<T>(right: Arbitrary<T>, other: Arbitrary<T>): Arbitrary<T> {
  return fc.oneof({ weight: 10, arbitrary: right }, { weight: 1, arbitrary: other })
}

/** Text of a path as it may stand there: also escapes that are none. */
const segment = fc.oneof(
  fc.constantFrom('', '.', '..', '%2e%2e', '%', '%ff', '%00', '%2F', 'a:b', ':', 'x'.repeat(300), '%F0%9F%92%A9', ';a=b', '*'),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => encodeURIComponent(text)),
)

function pathOf(template: string, known: Known): Arbitrary<string> {
  const parts = template.split(/(\{[^}]*\})/).map((part) => {
    const variable = /^\{([\w.]+)/.exec(part)?.[1]
    if (variable === undefined) return fc.constant(part)
    return mostly(named(variable, known).map(unquoted), segment)
  })
  return mostly(
    fc.tuple(...parts).map((texts) => texts.join('')),
    fc.tuple(fc.tuple(...parts), segment).map(([texts, more]) => `${texts.join('')}/${more}`),
  )
}

/** A JSON string as the text of a path or a query. Half a surrogate pair has no UTF-8. */
function unquoted(json: string): string {
  const value: unknown = JSON.parse(json)
  return encodeURIComponent(String(value).toWellFormed())
}

function queryOf(message: DescMessage, known: Known, inPath: readonly string[]): Arbitrary<string> {
  const junk = fc.constantFrom(
    'x=1',
    'pageSize=-1',
    'pageSize=99999999999',
    'page_size=1',
    'pageToken=x',
    'from=',
    'skus=',
    'status=NOTHING',
  )
  const right = message.fields.flatMap((field) => {
    const value = inPath.includes(field.name) ? undefined : parameterOf(field, known)
    return value === undefined ? [] : [value.map((text) => `${field.jsonName}=${text}`)]
  })
  // Each parameter once; a list's may come again by chance.
  const some = fc
    .subarray(right.map((_, index) => index))
    .chain((chosen) => fc.tuple(...chosen.flatMap((index) => right[index] ?? [])))
  return mostly(some, fc.tuple(junk)).map((texts) => (texts.length === 0 ? '' : `?${texts.join('&')}`))
}

const junkQuery = fc.constantFrom(
  '',
  '?',
  '?&&',
  '?=',
  '?a',
  '?%',
  '?%ff=1',
  '?__proto__=1',
  '?constructor.prototype.x=1',
  '?a.b.c.d=1',
  '?pageToken=x',
  '?pageSize=1e9',
)

function textOf(message: DescMessage, known: Known, inPath: readonly string[]): Arbitrary<Buffer> {
  const inMood = (mood: Mood) => messageOf(message, known, mood, inPath).map((text) => Buffer.from(text))
  const right = inMood('right')
  return fc.oneof(
    { weight: 8, arbitrary: right },
    { weight: 8, arbitrary: inMood('wild') },
    { weight: 1, arbitrary: right.chain(damaged) },
  )
}

function variablesOf(template: string): string[] {
  return [...template.matchAll(/\{(\w+)/g)].map(([, name = '']) => name)
}

/** A byte lost, added or changed, or the end cut off. */
function damaged(bytes: Buffer): Arbitrary<Buffer> {
  return fc
    .tuple(fc.nat(bytes.length), fc.integer({ min: 0, max: 255 }), fc.constantFrom('cut', 'lose', 'add', 'change'))
    .map(([at, byte, how]) => {
      const rest = bytes.subarray(how === 'add' ? at : at + 1)
      if (how === 'cut') return bytes.subarray(0, at)
      return Buffer.concat([bytes.subarray(0, at), ...(how === 'lose' ? [] : [Buffer.from([byte])]), rest])
    })
}

const junkBody = fc.oneof(
  fc
    .constantFrom('', ' ', '{}', '[]', 'null', '0', '"x"', '{', '{"a":1,"a":2}', '{"x":'.repeat(100), '\ufeff{}')
    .map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)

function headersOf({ user, admin }: Secrets): Arbitrary<Record<string, string>> {
  const junk = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })
  /** @param there of ten requests, so many have it */
  const maybe = (right: Arbitrary<string>, there: number): Arbitrary<string | undefined> =>
    fc.oneof({ weight: there, arbitrary: right }, { weight: 10 - there, arbitrary: fc.constant(undefined) })
  const authorization = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(`Bearer ${user}`, `Bearer ${admin}`, `bearer  ${admin}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'Bearer',
        'Bearer a.b.c',
        `Basic ${user}`,
        `Bearer ${user.slice(0, -2)}`,
        `Bearer ${admin}, ${user}`,
      ),
    },
  )
  const sane = fc.record({
    authorization: fc.constantFrom(`Bearer ${user}`, `Bearer ${admin}`, `Bearer ${admin}`),
    'content-type': fc.constant('application/json'),
  })
  const wild = fc
    .record({
      authorization: maybe(authorization, 9),
      'content-type': mostly(
        fc.constant('application/json'),
        fc.constantFrom('', 'text/plain', 'application/json; charset=utf-16', 'application/xml'),
      ),
      'idempotency-key': maybe(fc.oneof(fc.uuid(), fc.constantFrom('again', '""', '"a', 'a b', 'x'.repeat(256)), junk), 3),
      'x-idempotency-key': maybe(junk, 1),
      'x-request-id': maybe(fc.oneof(fc.uuid(), junk), 2),
      traceparent: maybe(fc.oneof(fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), junk), 1),
      accept: maybe(
        fc.constantFrom('application/json', '*/*', 'text/html', 'application/xml;q=0.9', ';', 'text/event-stream'),
        2,
      ),
      'accept-encoding': maybe(fc.constantFrom('identity', 'gzip;q=0', '*;q=0', 'br, gzip', ';;'), 1),
      'content-encoding': maybe(fc.constantFrom('gzip', 'identity', 'x'), 1),
      origin: maybe(fc.constantFrom('null', 'https://evil.example', 'x'), 1),
    })
    .map((headers) =>
      Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    )
  return fc.oneof(sane, wild)
}
