/** The JSON surface as an OpenAPI 3.1 document, made from the descriptors: a new RPC has its page without a word by hand. */
import { type DescService, ScalarType } from '@bufbuild/protobuf'
import type { RpcDescriptor } from '@holdfast/contracts'
import { commentOf } from '@holdfast/contracts/comments'

import { exampleOfField, exampleRequest, exampleResponse } from './examples'
import type { Direction, JsonSchema } from './json-values'
import { type Leaf, type Operation, operationsOf, takesKey } from './operations'
import { problemResponses, problemSchema, refusalsOf } from './responses'
import { Names, Schemas } from './schemas'

const intro = `Sets stock aside for a shopper for a few minutes and never sells the same unit twice.

**Repeating.** Whatever changes something can be repeated: send an \`Idempotency-Key\` with each POST that takes one, and the same one with each
retry. A repeat answers with the resource as it is now, \`"replayed": true\`. The others do nothing twice by themselves (a logout, a sweep). Only
a login and a refresh can't be repeated: a second login is another session, and a refresh token that is sent twice ends its session.

**Lists** come in pages: \`pageSize\` says how many, and \`nextPageToken\` of one page is \`pageToken\` of the next; it is empty on the last.

**Errors** are problem details (RFC 9457) with a \`code\` from a closed list, each explained at [/docs/errors](/docs/errors).

**JSON** is that of proto3: 64-bit numbers are strings (numbers are accepted), names are lowerCamelCase (snake_case is accepted), what has its
default may be left out, and what is not known is refused.`

/** Of the surface under /v1, which only grows. */
const version = '1.0.0'

/** @param rpcs those that are served; the ones without a route have no page */
export function openApiDocument(rpcs: readonly RpcDescriptor[]): JsonSchema {
  const operations = operationsOf(rpcs)
  const names = new Names(
    operations.flatMap(({ rpc }): [RpcDescriptor['desc']['input'], Direction][] => [
      [rpc.desc.input, 'request'],
      [rpc.desc.output, 'response'],
    ]),
  )
  const schemas = new Schemas(names)
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {})
    path[operation.method] = pageOf(operation, schemas)
  }
  const services = new Set(operations.map(({ rpc }) => rpc.desc.parent))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      description: intro,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that served this document.' }],
    security: [{ bearer: [] }],
    tags: [...services].map((service) => ({ name: tagOf(service), description: commentOf(service) || tagOf(service) })),
    paths,
    components: {
      schemas: { Problem: problemSchema, ...schemas.all() },
      responses: problemResponses(new Set(operations.flatMap(refusalsOf))),
      parameters: sharedParameters,
      headers: sharedHeaders,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `accessToken` of a login.' },
      },
    },
  }
}

const sharedParameters: Record<string, JsonSchema> = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Of this change, 1 to 255 characters made by the caller; a retry with the same key changes nothing twice.',
    schema: { type: 'string' },
    examples: { uuid: { value: '0e6f3f0e-7c52-4a3c-8f0a-1d5b4c2a9e77' } },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` of the version that the change is meant for; another one is refused with 412.',
    schema: { type: 'string' },
    examples: { version: { value: 'W/"7"' } },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of what the caller has: while it is the same, the answer is 304 without a body.',
    schema: { type: 'string' },
    examples: { version: { value: 'W/"7"' } },
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The id of the last event received: what has not changed since is not sent again.',
    schema: { type: 'string' },
  },
}

const sharedHeaders: Record<string, JsonSchema> = {
  'X-Request-ID': { description: 'Of this request, in logs, events and the audit log too.', schema: { type: 'string' } },
  'Retry-After': { description: 'When to try again, in seconds.', schema: { type: 'integer', minimum: 1 } },
  Location: { description: 'Where the resource is read.', schema: { type: 'string', format: 'uri-reference' } },
  ETag: { description: 'The version of what is shown.', schema: { type: 'string' } },
}

function tagOf(service: DescService): string {
  return service.name.replace(/Service$/, '')
}

function pageOf(operation: Operation, schemas: Schemas): JsonSchema {
  const { rpc } = operation
  const comment = commentOf(rpc.desc)
  const [sentence = ''] = /^[^.;:]+/.exec(comment) ?? []
  const words = rpc.method.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  const who = { PUBLIC: 'For anybody.', USER: 'For users.', ADMIN: 'For admins.' }[rpc.access.who as string] ?? ''
  const parameters = parametersOf(operation, schemas)
  const body = requestBody(operation, schemas)
  return {
    operationId: operation.id,
    tags: [tagOf(rpc.desc.parent)],
    summary: capitalized(sentence.length > 0 && sentence.length <= 80 ? sentence : words),
    description: [comment, who].filter((part) => part !== '').join('\n\n'),
    security: rpc.access.who === 'PUBLIC' ? [] : [{ bearer: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { ...successes(operation, schemas), ...refusals(operation) },
    // Which RPC it is over gRPC, gRPC-web and Connect.
    'x-grpc-method': rpc.path,
  }
}

function parametersOf(operation: Operation, schemas: Schemas): JsonSchema[] {
  const { rpc, pathFields, query, headers } = operation
  const shared = (name: string): JsonSchema => ({ $ref: `#/components/parameters/${name}` })
  const isPaged = (name: string): boolean => rpc.desc.input.fields.some((field) => field.name === name)
  return [
    ...pathFields.map((leaf) => ({ ...parameter(leaf, schemas), in: 'path', required: true })),
    ...query.map((leaf) => ({ ...parameter(leaf, schemas), in: 'query' })),
    ...headers.map((leaf) => ({ ...parameter(leaf, schemas), in: 'header' })),
    ...(takesKey(operation) ? [shared('IdempotencyKey')] : []),
    ...(isPaged('expected_version') ? [shared('IfMatch')] : []),
    ...(isTagged(operation) ? [shared('IfNoneMatch')] : []),
    ...(operation.streams && isPaged('resume_token') ? [shared('LastEventId')] : []),
  ]
}

function parameter({ name, field }: Leaf, schemas: Schemas): JsonSchema {
  const { description, examples: _, ...schema } = schemas.property(field, 'request')
  const example = exampleOfField(field)
  return {
    name,
    description: description ?? `The ${name}.`,
    schema,
    ...(example !== undefined && { example }),
    ...(field.fieldKind === 'list' && { explode: true }),
  }
}

function requestBody(operation: Operation, schemas: Schemas): JsonSchema | undefined {
  const { body, bodyOptional, pathFields, headers, rawBody, rpc } = operation
  if (body === undefined) return undefined
  if (rawBody) return { required: true, content: rawContent(rpc.mediaTypes.takes) }
  const given = new Set([...pathFields, ...headers].map(({ protoName }) => protoName))
  const { input } = rpc.desc
  const schema = body === '*' ? schemas.object(input, 'request', given) : schemas.property(body, 'request')
  const example =
    body === '*' ? exampleRequest(input, given) : body.fieldKind === 'message' ? exampleRequest(body.message) : undefined
  return {
    required: !bodyOptional,
    content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
  }
}

/** Of bodies that are not JSON to us: without a schema, as OpenAPI 3.1 has it. */
function rawContent(mediaTypes: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries((mediaTypes.length === 0 ? ['*/*'] : mediaTypes).map((mediaType) => [mediaType, {}]))
}

function successes(operation: Operation, schemas: Schemas): Record<string, JsonSchema> {
  const { rpc, creates, streams, responseBody } = operation
  const { output } = rpc.desc
  const requestId = { 'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' } }
  if (operation.rawAnswer) {
    return { 200: { description: 'Done.', headers: requestId, content: rawContent(rpc.mediaTypes.gives) } }
  }
  if (streams) return { 200: stream(operation, schemas) }
  const schema = responseBody === undefined ? schemas.reference(output, 'response') : schemas.property(responseBody, 'response')
  const example = exampleResponse(output)
  const content = { 'application/json': { schema, ...(responseBody === undefined && { example }) } }
  const tag = isTagged(operation) ? { ETag: { $ref: '#/components/headers/ETag' } } : {}
  const replays = output.fields.some((field) => field.name === 'replayed')
  const ok = {
    description: creates ? 'It was made by an earlier request with the same key.' : 'Done.',
    headers: { ...requestId, ...tag },
    content,
  }
  const location = { Location: { $ref: '#/components/headers/Location' } }
  return {
    ...(creates && { 201: { description: 'It is made.', headers: { ...requestId, ...location }, content } }),
    ...((!creates || replays) && { 200: ok }),
    ...(isTagged(operation) && { 304: { description: 'It is as the caller has it.', headers: { ...requestId, ...tag } } }),
  }
}

function stream({ rpc }: Operation, schemas: Schemas): JsonSchema {
  const { output } = rpc.desc
  const data = JSON.stringify(exampleResponse(output))
  return {
    description:
      'Server-sent events. Each `message` event has one response as its data; comments only say that the stream lives; an `error` ' +
      'event, with a problem as its data, is the last.',
    headers: { 'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' } },
    content: {
      'text/event-stream': {
        schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schemas.reference(output, 'response') },
        example: `retry: 2000\n\nevent: message\ndata: ${data}\n\n`,
      },
    },
  }
}

function refusals(operation: Operation): Record<string, JsonSchema> {
  return Object.fromEntries(refusalsOf(operation).map((status) => [String(status), { $ref: `#/components/responses/${status}` }]))
}

/** Its answer has an entity tag: anybody may read it, and what it shows has a version. */
function isTagged({ rpc, method, streams, responseBody }: Operation): boolean {
  const { output } = rpc.desc
  const versioned = output.fields.find(({ message }) =>
    message?.fields.some((field) => field.name === 'version' && field.scalar === ScalarType.INT32),
  )
  if (versioned === undefined || streams || method !== 'get' || rpc.access.who !== 'PUBLIC' || responseBody !== undefined)
    return false
  return versioned.fieldKind === 'message' || !output.fields.some((field) => field.name === 'request_id')
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
