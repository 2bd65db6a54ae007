/** Every method and path of the JSON surface, as the rules of google.api.http in the protos say it. */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { createsResource, headerOf, type HttpRule, type RpcDescriptor } from '@holdfast/contracts'

/** One method on one path: an RPC has as many as its rule has bindings. */
export interface Operation {
  /** As `createReservation`; of a further binding `createReservation2`. */
  id: string
  /** In lower case. */
  method: string
  /** As `/v1/reservations/{id}:cancel`. */
  path: string
  rpc: RpcDescriptor
  pathFields: Leaf[]
  /** The whole request, one field of it, or nothing. */
  body: '*' | DescField | undefined
  /** May be left away. */
  bodyOptional: boolean
  query: Leaf[]
  /** What headers give, by the header's name. */
  headers: Leaf[]
  /** The body is google.api.HttpBody: not JSON, but as it is. */
  rawBody: boolean
  /** The same of the answer. */
  rawAnswer: boolean
  responseBody: DescField | undefined
  /** Success is 201, and 200 for a replay. */
  creates: boolean
  streams: boolean
}

/** A field that one text can give, by where it stands in the request. */
export interface Leaf {
  /** In JSON names, with dots. */
  name: string
  /** In proto names, with dots. */
  protoName: string
  field: DescField
}

/** Whether its repetition is found by a key: it is a POST that changes something, and its request has a place for one. */
export function takesKey({ rpc, method }: Operation): boolean {
  return rpc.mutates && method === 'post' && rpc.desc.input.fields.some(({ name }) => name === 'client_token')
}

export function operationsOf(rpcs: readonly RpcDescriptor[]): Operation[] {
  return rpcs.flatMap((rpc) => {
    if (rpc.route === undefined) return []
    return [rpc.route, ...rpc.route.additionalBindings].map((rule, index) => operationOf(rpc, rule, index))
  })
}

function operationOf(rpc: RpcDescriptor, rule: HttpRule, index: number): Operation {
  const { input, output } = rpc.desc
  const [method, template] = methodAndPath(rule)
  const names = [...template.matchAll(/\{([^}=]+)(?:=[^}]*)?\}/g)].map(([, name]) => name ?? '')
  const leaves = leavesOf(input)
  const responseBody = rule.responseBody === '' ? undefined : field(output, rule.responseBody)
  const pathFields = names.flatMap((name) => leaves.find((leaf) => leaf.protoName === name) ?? [])
  const body = rule.body === '*' || rule.body === '' ? rule.body || undefined : field(input, rule.body)
  const headers = leaves.flatMap((leaf) => {
    const header = headerOf(leaf.field)
    return header === undefined ? [] : [{ ...leaf, name: header }]
  })
  const given = new Set([
    ...names,
    ...headers.map(({ protoName }) => protoName),
    ...(typeof body === 'object' ? [body.name] : []),
  ])
  const isGiven = ({ protoName }: Leaf): boolean =>
    [...given].some((name) => protoName === name || protoName.startsWith(`${name}.`))
  return {
    id: `${rpc.desc.localName}${index === 0 ? '' : index + 1}`,
    method: method.toLowerCase(),
    path: template.replaceAll(/\{([^}=]+)(?:=[^}]*)?\}/g, (_, name: string) => `{${jsonPath(leaves, name)}}`),
    rpc,
    pathFields,
    body,
    bodyOptional: /:[^/}]+$/.test(template.replaceAll(/\{[^}]*\}/g, '')),
    query: body === '*' ? [] : leaves.filter((leaf) => !isGiven(leaf)),
    headers,
    rawBody: body !== undefined && isHttpBody(body === '*' ? input : body.message),
    rawAnswer: isHttpBody(responseBody === undefined ? output : responseBody.message),
    responseBody,
    creates: createsResource(rpc, method, template),
    streams: rpc.desc.methodKind === 'server_streaming',
  }
}

function isHttpBody(message: DescMessage | undefined): boolean {
  return message?.typeName === 'google.api.HttpBody'
}

/** Messages that JSON writes as one value. */
export const valueMessages: Readonly<Record<string, 'date-time' | 'duration' | 'field-mask' | 'wrapper'>> = {
  'google.protobuf.Timestamp': 'date-time',
  'google.protobuf.Duration': 'duration',
  'google.protobuf.FieldMask': 'field-mask',
  ...Object.fromEntries(
    ['Double', 'Float', 'Int32', 'Int64', 'UInt32', 'UInt64', 'Bool', 'String', 'Bytes'].map((name) => [
      `google.protobuf.${name}Value`,
      'wrapper' as const,
    ]),
  ),
}

/** What path and query can give of a message; not what is inside lists and maps, nor a message inside itself. */
function leavesOf(message: DescMessage, above: readonly DescField[] = []): Leaf[] {
  return message.fields.flatMap((field) => {
    const path = [...above, field]
    if (field.fieldKind === 'map') return []
    if (field.message === undefined || valueMessages[field.message.typeName] !== undefined) {
      return [{ name: path.map((part) => part.jsonName).join('.'), protoName: path.map((part) => part.name).join('.'), field }]
    }
    const isPlain = field.fieldKind === 'message' && !field.message.typeName.startsWith('google.protobuf.')
    return isPlain && !above.some((outer) => outer.message === field.message) ? leavesOf(field.message, path) : []
  })
}

function jsonPath(leaves: readonly Leaf[], protoName: string): string {
  return leaves.find((leaf) => leaf.protoName === protoName)?.name ?? protoName
}

function methodAndPath({ get, post, put, patch, delete: remove, custom }: HttpRule): [string, string] {
  const pairs = Object.entries({ GET: get, POST: post, PUT: put, PATCH: patch, DELETE: remove })
  if (custom !== undefined) pairs.push([custom.kind, custom.path])
  for (const [method, path] of pairs) if (path !== undefined) return [method, path]
  throw new Error('a rule of google.api.http has no method')
}

function field(message: DescMessage, name: string): DescField {
  const found = message.fields.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`${message.typeName} has no field ${name}`)
  return found
}
