/** Examples for people, made from the names of fields: a new RPC has some without a word about it. */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { scalarZeroValue } from '@bufbuild/protobuf/reflect'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'

const uuid = 'b3f1c9de-5a0c-4a57-9d2f-3c1f0e6b7a42'
const time = '2026-01-31T12:00:00Z'

/** Of the sample catalogue. */
export const exampleSku = 'LAPTOP001'

/** By JSON name; what is not here is made from the field's type. */
const byName: Readonly<Record<string, unknown>> = {
  sku: exampleSku,
  skus: [exampleSku],
  warehouse: 'MAIN',
  warehouses: ['MAIN'],
  code: 'MAIN',
  name: 'Premium Laptop Pro',
  description: 'A laptop for people who need one',
  currency: 'USD',
  amountMinor: '129999',
  stock: 5,
  cap: 10,
  quantity: 1,
  delta: 5,
  reason: 'counted again',
  onHand: 5,
  reserved: 1,
  available: 4,
  email: 'ada@shop.example',
  password: 'a long enough password',
  tokenType: 'Bearer',
  expiresIn: 900,
  ttlSeconds: 300,
  pageSize: 50,
  version: 1,
  sequence: '1',
  paymentToken: 'tok_ok',
  url: 'https://hooks.example/holdfast',
  action: 'reservation.created',
  objectType: 'reservation',
  kind: 'reserved',
}

/** Empty ones would only make a request longer. */
const leftOut = new Set([
  'clientToken',
  'pageToken',
  'nextPageToken',
  'resumeToken',
  'expectedVersion',
  'reservationId',
  'strategy',
  'parts',
])

export function exampleOfField(field: DescField): unknown {
  if (field.fieldKind === 'map' || leftOut.has(field.jsonName)) return undefined
  const named = byName[field.jsonName]
  const value = fits(field, named) ? named : valueOf(field)
  return value === undefined || field.fieldKind !== 'list' || Array.isArray(value) ? value : [value]
}

/** @param without proto names of fields that are given elsewhere */
export function exampleRequest(message: DescMessage, without: ReadonlySet<string> = new Set()): Record<string, unknown> {
  return exampleOf(message, without, { whole: false, depth: mostDeep })
}

/** Has every field that an answer always has, with its default where there is nothing better. */
export function exampleResponse(message: DescMessage): Record<string, unknown> {
  return exampleOf(message, new Set(), { whole: true, depth: mostDeep })
}

const mostDeep = 4

interface Extent {
  /** With defaults. */
  whole: boolean
  /** Messages inside one another, at most. */
  depth: number
}

function exampleOf(message: DescMessage, without: ReadonlySet<string>, extent: Extent): Record<string, unknown> {
  const taken = new Set<unknown>()
  const entries = message.fields.flatMap((field) => {
    // One of several that exclude each other.
    if (without.has(field.name) || (field.oneof !== undefined && taken.has(field.oneof))) return []
    if (field.oneof !== undefined) taken.add(field.oneof)
    const value = exampleInside(field, extent) ?? (extent.whole ? defaultOf(field) : undefined)
    return value === undefined ? [] : [[field.jsonName, value] as const]
  })
  return Object.fromEntries(entries)
}

function exampleInside(field: DescField, { whole, depth }: Extent): unknown {
  if (leftOut.has(field.jsonName)) return undefined
  const inner = field.message
  if (inner === undefined || inner.typeName.startsWith('google.protobuf.')) return exampleOfField(field)
  if (depth === 0 || field.fieldKind === 'map') return undefined
  const example = exampleOf(inner, new Set(), { whole, depth: depth - 1 })
  return field.fieldKind === 'list' ? [example] : example
}

/** What an answer shows of a field that is not set; undefined: nothing. */
function defaultOf(field: DescField): unknown {
  if (field.fieldKind === 'list') return []
  if (field.fieldKind === 'map') return {}
  if (field.fieldKind === 'enum') return field.enum.values[0]?.name
  if (field.fieldKind === 'message' || field.presence !== FeatureSet_FieldPresence.IMPLICIT) return undefined
  const value = field.getDefaultValue() ?? scalarZeroValue(field.scalar, false)
  return typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? '' : value
}

function valueOf(field: DescField): unknown {
  if (field.message?.typeName === 'google.protobuf.Timestamp') return time
  if (field.message !== undefined) return undefined
  if (field.enum !== undefined) return field.enum.values[1]?.name
  if (field.scalar === ScalarType.STRING) return /^id$|Id$|^requestId$|^reference$/.test(field.jsonName) ? uuid : undefined
  if (field.scalar === ScalarType.BOOL) return false
  return undefined
}

/** The same name may stand for a number in one message and a text in another. */
function fits(field: DescField, value: unknown): boolean {
  if (value === undefined) return false
  if (field.fieldKind === 'list') return field.scalar === ScalarType.STRING
  if (field.enum !== undefined) return field.enum.values.some(({ name }) => name === value)
  if (field.scalar === ScalarType.STRING || field.message !== undefined) return typeof value === 'string'
  if (field.scalar === ScalarType.BOOL) return typeof value === 'boolean'
  if (field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64) return typeof value === 'string'
  return typeof value === 'number'
}
