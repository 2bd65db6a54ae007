/**
 * The whole surface as requests that one after the other work on a fresh system, in the form that editors run (`.http`, with
 * the variables of the REST Client and of IntelliJ): each collection's resource is made first, then read and changed, and ended last.
 */
import { exampleOfField, exampleRequest, exampleSku } from './examples'
import { type Leaf, type Operation, operationsOf, takesKey } from './operations'
import type { RpcDescriptor } from '@holdfast/contracts'

/** A request of the walk, with variables as `{{name}}` in what it sends. */
export interface Step {
  operation: Operation
  target: string
  headers: Record<string, string>
  body: unknown
}

/** The values that a walk begins with; the rest come from answers. */
export const variables = { baseUrl: 'http://127.0.0.1:8080', email: 'ada@shop.example', password: 'a long enough password' }

export function stepsOf(rpcs: readonly RpcDescriptor[]): Step[] {
  // What is not JSON has no example that could be made from its descriptor.
  const operations = operationsOf(rpcs).filter(({ rawBody }) => !rawBody)
  return [...operations].sort((a, b) => placeOf(a) - placeOf(b)).map((operation) => stepOf(operation, operations))
}

/** @returns the text of a file for https://www.jetbrains.com/help/idea/exploring-http-syntax.html and its like */
export function httpFile(rpcs: readonly RpcDescriptor[]): string {
  const given = Object.entries(variables).map(([name, value]) => `@${name} = ${value}`)
  const steps = stepsOf(rpcs).map(({ operation, target, headers, body }) =>
    [
      `### ${operation.id}`,
      `# @name ${operation.id}`,
      `${operation.method.toUpperCase()} {{baseUrl}}${target}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined ? [] : ['', JSON.stringify(body, undefined, 2)]),
    ].join('\n'),
  )
  return `${['# npm run catalogue writes this file from the protos.', ...given, ...steps].join('\n\n')}\n`
}

/** Logging in, making, everything else, and what ends things. */
function placeOf({ id, creates, method, rpc }: Operation): number {
  const isAuth = rpc.service.endsWith('.AuthService')
  if (isAuth) return { register: 0, login: 1, logoutEverywhere: 98, logout: 99 }[id] ?? 2
  if (creates) return 3 + dependsOn(rpc)
  if (method === 'delete') return 90
  return /^(cancel|logout|checkout)/.test(id) ? 80 : 10
}

/** What is made of something else comes after it: products before reservations, reservations before orders. */
function dependsOn(rpc: RpcDescriptor): number {
  return rpc.access.who === 'USER' ? 2 : 1
}

function stepOf(operation: Operation, all: readonly Operation[]): Step {
  const { rpc, body, pathFields, query } = operation
  const target = pathFields.reduce(
    (path, leaf) => path.replace(`{${leaf.name}}`, pathValue(operation, leaf, all)),
    operation.path,
  )
  const given = new Set(pathFields.map(({ protoName }) => protoName))
  const wanted = query.filter(({ protoName }) => isAskedFor(protoName))
  const queryText = wanted.flatMap(({ name, field }) =>
    [exampleOfField(field) ?? []].flat().map((value) => `${name}=${textOf(value)}`),
  )
  const json =
    body === '*'
      ? exampleRequest(rpc.desc.input, given)
      : body?.fieldKind === 'message'
        ? exampleRequest(body.message)
        : undefined
  return {
    operation,
    target: withOwnProduct(queryText.length === 0 ? target : `${target}?${queryText.join('&')}`),
    headers: {
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
      Accept: acceptOf(operation),
      ...(rpc.access.who !== 'PUBLIC' && { Authorization: 'Bearer {{login.response.body.$.accessToken}}' }),
      ...(takesKey(operation) && { 'Idempotency-Key': '{{$guid}}' }),
    },
    body: json === undefined ? undefined : withOwnProduct(fromAnswers(json, operation, all)),
  }
}

function acceptOf({ rawAnswer, streams, rpc }: Operation): string {
  if (rawAnswer) return rpc.mediaTypes.gives.join(', ') || '*/*'
  return streams ? 'text/event-stream' : 'application/json'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Filters would leave nothing to see; what is asked for has to be said. */
function isAskedFor(protoName: string): boolean {
  return protoName === 'skus' || protoName === 'page_size'
}

/** The key of what the collection's own POST made, or else an example. */
function pathValue(operation: Operation, leaf: Leaf, all: readonly Operation[]): string {
  const collection = operation.path.slice(0, operation.path.indexOf(`/{${leaf.name}}`))
  const maker = all.find(({ path, creates }) => creates && path === collection)
  const resource = maker?.rpc.desc.output.fields.find(({ fieldKind }) => fieldKind === 'message')
  if (maker === undefined || resource === undefined) return textOf(exampleOfField(leaf.field) ?? '1')
  return `{{${maker.id}.response.body.$.${resource.jsonName}.${leaf.name}}}`
}

/** A shop may have another catalogue than the sample: what is sold here is what was made here. */
function withOwnProduct<Json>(json: Json): Json {
  const text = JSON.stringify(json).replaceAll(exampleSku, '{{createProduct.response.body.$.product.sku}}')
  return JSON.parse(text) as Json
}

/** Who one is, one's token, and the ids of what was made before. */
function fromAnswers(json: Record<string, unknown>, operation: Operation, all: readonly Operation[]): Record<string, unknown> {
  const isAuth = operation.rpc.service.endsWith('.AuthService')
  const reservation = all.find(({ id }) => id === 'createReservation')
  return {
    ...json,
    ...(isAuth && 'email' in json && { email: '{{email}}', password: '{{password}}' }),
    ...(operation.rpc.desc.input.fields.some(({ name }) => name === 'refresh_token') && {
      refreshToken: `{{login.response.body.$.refreshToken}}`,
    }),
    // What is made has to be new, however often this is run.
    ...(operation.creates && 'sku' in json && { sku: 'SKU-{{$timestamp}}' }),
    ...(operation.creates && 'code' in json && { code: 'W-{{$timestamp}}' }),
    ...(reservation !== undefined &&
      operation.id === 'checkout' && { reservationId: '{{createReservation.response.body.$.reservation.id}}' }),
  }
}
