/** The types and the table of operations of packages/client, from the same descriptors as the OpenAPI document. */
import type { DescMessage } from '@bufbuild/protobuf'
import type { RpcDescriptor } from '@holdfast/contracts'
import { commentOf } from '@holdfast/contracts/comments'
import { errorCodes } from '@holdfast/service'

import type { Direction, JsonSchema } from './json-values'
import { type Operation, operationsOf, takesKey } from './operations'
import { Names, Schemas } from './schemas'

/** @returns TypeScript. An RPC that has several routes is called by its first; one that takes a body that is not JSON as all of its request, or with headers, is left to plain HTTP. */
export function clientSource(rpcs: readonly RpcDescriptor[]): string {
  const operations = operationsOf(rpcs).filter(
    ({ id, rpc, rawBody, body, headers, rawAnswer, streams }) =>
      id === rpc.desc.localName && !(rawBody && (body === '*' || headers.length > 0)) && (!rawAnswer || streams),
  )
  const roots = operations.flatMap(({ rpc }): [DescMessage, Direction][] => [
    [rpc.desc.input, 'request'],
    [rpc.desc.output, 'response'],
  ])
  const schemas = new Schemas(new Names(roots))
  const entries = operations.map((operation) => operationType(operation, schemas))
  const types = Object.entries(schemas.all()).map(([name, schema]) => interfaceOf(name, schema))
  return `${[
    '// Written from the protos by npm run catalogue; not to be edited.',
    `/** One of a closed list. */\nexport type ErrorCode = ${Object.keys(errorCodes).map(quoted).join(' | ')}`,
    '/** A body that is sent as it is, again where a call is tried again. */\nexport type FileBody = string | Blob',
    ...types,
    `/** What each operation takes and answers. */\nexport interface Operations {\n${entries.join('\n')}\n}`,
    table(operations),
  ].join('\n\n')}\n`
}

function operationType(operation: Operation, schemas: Schemas): string {
  const { id, rpc, pathFields, rawBody, body } = operation
  const needed = new Set(pathFields.map(({ field }) => field.jsonName))
  const without = rawBody && typeof body === 'object' ? new Set([body.name]) : undefined
  const request = inlineObject(schemas.object(rpc.desc.input, 'request', without), needed)
  const file = fileOf(operation)
  const withFile = file === undefined ? request : `{ ${file}: FileBody } & ${request}`
  return `${comment(commentOf(rpc.desc), '  ')}  ${id}: { request: ${withFile}; ${answerType(operation, schemas)} }`
}

function answerType({ rpc, streams, rawAnswer }: Operation, schemas: Schemas): string {
  if (rawAnswer) return 'download: Uint8Array'
  return `${streams ? 'stream' : 'response'}: ${typeOf(schemas.reference(rpc.desc.output, 'response'))}`
}

/** The field of the request that is its body, as it is. */
function fileOf({ rawBody, body }: Operation): string | undefined {
  return rawBody && typeof body === 'object' ? body.jsonName : undefined
}

function table(operations: readonly Operation[]): string {
  const rows = operations.map((operation) => {
    const { id, method, path, body, rpc, streams, rawAnswer } = operation
    const file = fileOf(operation)
    const posted = rpc.mutates && method === 'post'
    // Credentials for once: a second use of a refresh token is a theft to the server, a second login another session.
    const once = posted && givesTokens(rpc) && !takesKey(operation)
    const authenticated = rpc.access.who !== 'PUBLIC'
    const row = {
      method: method.toUpperCase(),
      path,
      body: body !== undefined,
      authenticated,
      repeatable: posted && !once,
      once,
      streams: streams && !rawAnswer,
      ...(file !== undefined && { file: { field: file, type: rpc.mediaTypes.takes[0] ?? 'application/octet-stream' } }),
      ...(rawAnswer && { gives: rpc.mediaTypes.gives.join(', ') || '*/*' }),
    }
    return `  ${id}: ${JSON.stringify(row)},`
  })
  return `export interface Operation {
  method: string
  /** With \`{field}\` where a field of the request goes. */
  path: string
  /** What the path does not take goes into the body; else into the query. */
  body: boolean
  /** It takes a token. */
  authenticated: boolean
  /** A lost answer is no reason not to ask again: it does nothing twice, by its idempotency key or by itself. */
  repeatable: boolean
  /** It is sent once, whatever comes of it. */
  once: boolean
  /** It answers with server-sent events. */
  streams: boolean
  /** The body is this field as it is, of this media type; the others go into the query. */
  file?: { field: string; type: string }
  /** It answers with a download, of one of these media types. */
  gives?: string
}

/** Where each operation is. */
export const operations: { readonly [Id in keyof Operations]: Operation } = {\n${rows.join('\n')}\n}`
}

/** It answers with tokens, which are made anew each time. */
function givesTokens({ desc }: RpcDescriptor): boolean {
  return desc.output.fields.some(({ name }) => name === 'refresh_token')
}

function interfaceOf(name: string, schema: JsonSchema): string {
  return `${comment(schema['description'], '')}export interface ${name} {\n${properties(schema, new Set(), '  ').join('\n')}\n}`
}

function inlineObject(schema: JsonSchema, needed: ReadonlySet<string>): string {
  const fields = properties(schema, needed, '    ')
  return fields.length === 0 ? 'Record<string, never>' : `{\n${fields.join('\n')}\n  }`
}

/** @param needed beside what the schema requires */
function properties(schema: JsonSchema, needed: ReadonlySet<string>, indent: string): string[] {
  const required = new Set([...((schema['required'] as string[] | undefined) ?? []), ...needed])
  return Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).map(
    ([name, property]) =>
      `${comment(property['description'], indent)}${indent}${name}${required.has(name) ? '' : '?'}: ${typeOf(property)}`,
  )
}

function typeOf(schema: JsonSchema): string {
  const { $ref, type, items, additionalProperties, oneOf } = schema
  const values = schema['enum']
  if (typeof $ref === 'string') return $ref.split('/').at(-1) ?? 'unknown'
  if (Array.isArray(values)) return values.map((value) => quoted(String(value))).join(' | ')
  if (Array.isArray(oneOf)) return oneOf.map((one) => typeOf(one as JsonSchema)).join(' | ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ type: String(one) })).join(' | ')
  switch (type) {
    case 'array':
      return `readonly (${typeOf(items as JsonSchema)})[]`
    case 'object':
      return `Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties as JsonSchema) : 'unknown'}>`
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
    case 'string':
      return type
    default:
      return 'unknown'
  }
}

function comment(text: unknown, indent: string): string {
  if (typeof text !== 'string' || text === '') return ''
  return `${indent}/** ${text.replaceAll('*/', '*\\/').replaceAll(/\s*\n\s*/g, ' ')} */\n`
}

function quoted(text: string): string {
  return `'${text}'`
}
