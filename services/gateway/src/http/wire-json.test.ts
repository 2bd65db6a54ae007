/** What is written without a message in between is what the parser's own library would have written. */
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type MessageInitShape,
  ScalarType,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { registry, rpcDescriptors } from '@holdfast/contracts'
import { CreateReservationRequest } from '@holdfast/contracts/reservation'
import fc from 'fast-check'

import { jsonToWire } from './json-to-wire'
import { wireToJson, wireValue } from './wire-to-json'

const messages = [...registry()]
  .filter((type) => type.kind === 'message')
  .filter(({ typeName }) => typeName.startsWith('holdfast.'))
const requests = new Set(rpcDescriptors().map(({ desc }) => desc.input))

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('', '"', '\\', '\n', '\u007f', 'é'),
)
const int32 = fc.oneof(fc.integer(), fc.nat(3))
const int64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: 0n, max: 300n }))
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const scalars: Partial<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.INT32]: int32,
  [ScalarType.UINT32]: fc.nat(2 ** 32 - 1),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.DOUBLE]: fc.double(),
  [ScalarType.FLOAT]: fc.float(),
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 9 }),
}
const timestamp = fc.record({
  seconds: fc.oneof(
    fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }),
    fc.bigInt({ min: 1_700_000_000n, max: 1_900_000_000n }),
  ),
  nanos: fc.oneof(
    fc.nat(999_999_999),
    fc.nat(999).map((ms) => ms * 1_000_000),
    fc.nat(999_999).map((us) => us * 1_000),
  ),
})

/** Any value of a field, of nearly any message: those of google.protobuf, but for times, are left empty. */
function anyValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = (): fc.Arbitrary<unknown> => {
    if (field.message !== undefined) return anyInit(field.message, depth + 1)
    if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map(({ number }) => number), 99)
    return (field.scalar === undefined ? undefined : scalars[field.scalar]) ?? fc.constant(undefined)
  }
  if (field.fieldKind === 'list') return depth > 3 ? fc.constant([]) : fc.array(one(), { maxLength: 3 })
  if (field.fieldKind === 'map') return fc.dictionary(fc.string({ maxLength: 4 }), one(), { maxKeys: 3 })
  return field.message !== undefined && depth > 3 ? fc.constant(undefined) : fc.option(one(), { nil: undefined })
}

function anyInit(desc: DescMessage, depth = 0): fc.Arbitrary<unknown> {
  if (desc.typeName === 'google.protobuf.Timestamp') return timestamp
  if (desc.typeName.startsWith('google.protobuf.')) return fc.constant({})
  return fc.record(Object.fromEntries(desc.fields.map((field) => [field.localName, anyValue(field, depth)])))
}

function anyMessage(desc: DescMessage) {
  return anyInit(desc).map((init) => create(desc, init as MessageInitShape<DescMessage>))
}

const asLibrary = (desc: DescMessage, bytes: Uint8Array): string =>
  JSON.stringify(toJson(desc, fromBinary(desc, bytes), { registry: registry(), alwaysEmitImplicit: true }))

test.each(messages.map((desc) => [desc.typeName, desc] as const))('any %s has the JSON text of the library', (_name, desc) => {
  fc.assert(
    fc.property(anyMessage(desc), (message) => {
      const bytes = Buffer.from(toBinary(desc, message))
      expect(wireToJson(desc, bytes)).toBe(asLibrary(desc, bytes))
    }),
    { numRuns: 25 },
  )
})

test.each([...requests].map((desc) => [desc.typeName, desc] as const))(
  'the JSON of any %s is the message again',
  (_name, desc) => {
    fc.assert(
      fc.property(anyMessage(desc), (message) => {
        const json = toJson(desc, message, { registry: registry() }) as JsonObject
        const bytes = jsonToWire(desc, json)
        if (bytes !== undefined) expect(fromBinary(desc, bytes)).toEqual(fromBinary(desc, encoded(desc, json)))
      }),
      { numRuns: 25 },
    )
  },
)

test('whatever JSON is taken for a request, the library takes it for the same', () => {
  const desc = messageNamed('holdfast.reservation.v1.CreateReservationRequest')
  const odd = fc.constantFrom<unknown>(
    0,
    -1,
    1.5,
    2 ** 31,
    2 ** 31 - 1,
    -0,
    '1',
    '',
    'A',
    'PESSIMISTIC',
    '\ud800',
    true,
    null,
    [],
    {},
    [null],
  )
  const names = ['lines', 'ttlSeconds', 'ttl_seconds', 'clientToken', 'strategy', 'reuseActive', 'other', '__proto__']
  const inner = ['sku', 'quantity', 'warehouse', 'unit']
  const line = fc.oneof(odd, fc.dictionary(fc.constantFrom(...inner), fc.oneof(odd, fc.constant(1), fc.constant('SKU'))))
  const json = fc.dictionary(fc.constantFrom(...names), fc.oneof(odd, fc.array(line, { maxLength: 2 })))
  fc.assert(
    fc.property(json, (value) => {
      const bytes = jsonToWire(desc, value as JsonObject)
      if (bytes !== undefined) expect(fromBinary(desc, bytes)).toEqual(fromBinary(desc, encoded(desc, value as JsonObject)))
    }),
    { numRuns: 3_000 },
  )
})

test('a plain request is written without the parser, however long its texts and lists are', () => {
  const long = 'ä'.repeat(5_000)
  const lines = Array.from({ length: 500 }, (_, index) => ({
    sku: `SKU-${index}`,
    quantity: index + 1,
    warehouse: index === 7 ? long : 'MAIN',
  }))
  const json = { lines, ttlSeconds: 300, clientToken: 'a key', strategy: 'PESSIMISTIC', reuseActive: true }
  const bytes = jsonToWire(messageNamed('holdfast.reservation.v1.CreateReservationRequest'), json)
  expect(bytes && CreateReservationRequest.decode(bytes)).toEqual(CreateReservationRequest.fromJSON(json))
})

test('what is not as the contract has it is still read as the library reads it', () => {
  const desc = messageNamed('holdfast.reservation.v1.CreateReservationResponse')
  const half = encoded(desc, { reservation: { id: 'r', ttlSeconds: 3 } })
  const other = encoded(desc, { reservation: { userId: 'u' }, requestId: 'q' })
  const unknown = Buffer.from([
    0x98, 0x06, 0x96, 0x01, 0x9a, 0x06, 0x01, 0x41, 0x9d, 0x06, 1, 2, 3, 4, 0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,
  ])
  for (const bytes of [Buffer.concat([half, other]), Buffer.concat([unknown, other]), Buffer.concat([other, other])]) {
    expect(wireToJson(desc, bytes)).toBe(asLibrary(desc, bytes))
  }
  const invalid = Buffer.concat([other, Buffer.from([0x12, 0x01, 0xff])])
  expect(() => wireToJson(desc, half.subarray(0, half.length - 1))).toThrow(/./)
  expect(() => wireToJson(desc, invalid)).toThrow(/./)
})

test('a value is found by its path, the last where there are two', () => {
  const desc = messageNamed('holdfast.reservation.v1.CreateReservationResponse')
  const { reservation, replayed } = desc.field
  const id = reservation?.message?.field['id']
  if (reservation === undefined || id === undefined || replayed === undefined) throw new Error('no such fields')
  const bytes = Buffer.concat([
    encoded(desc, { reservation: { id: 'ä' } }),
    encoded(desc, { reservation: { id: 'b' }, replayed: true }),
  ])
  expect([wireValue(bytes, [reservation, id]), wireValue(bytes, [replayed])]).toEqual(['b', 1])
  const empty = encoded(desc, {})
  expect([wireValue(empty, [reservation, id]), wireValue(empty, [replayed])]).toEqual([undefined, undefined])
  expect(wireValue(encoded(desc, { reservation: { id: 'ä/1' } }), [reservation, id])).toBe('ä/1')
})

function encoded(desc: DescMessage, json: JsonObject): Buffer {
  return Buffer.from(toBinary(desc, fromJson(desc, json, { registry: registry() })))
}

function messageNamed(name: string): DescMessage {
  const desc = registry().getMessage(name)
  if (desc === undefined) throw new Error(`there is no ${name}`)
  return desc
}
