/**
 * Protobuf's wire format straight to the text of proto3 JSON, without a message and its JSON objects in between: that is most
 * of what an answer costs. It says what toJson and JSON.stringify would say, byte for byte, of every message that the
 * contract has; the parts that it does not know it leaves to them.
 */
import { type DescField, type DescMessage, fromBinary, ScalarType, toJson } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { registry } from '@holdfast/contracts'

import { isPlainMessage } from './fields'
import { odd, wire, WireCursor } from './wire-cursor'

/** A message as JSON text; fields that were not set show their zero. @throws Error for bytes that are no such message */
export function wireToJson(desc: DescMessage, bytes: Buffer): string {
  try {
    return writerOf(desc)(new WireCursor(bytes), bytes.length)
  } catch (error) {
    if (error !== odd) throw error
    return parsedText(desc, bytes)
  }
}

/** The text or number at the end of a path of single fields, the last if there are two. @returns undefined when it is not set */
export function wireValue(bytes: Buffer, path: readonly DescField[]): string | number | undefined {
  try {
    return valueAt(new WireCursor(bytes), bytes.length, path)
  } catch (error) {
    if (error !== odd) throw error
    return undefined
  }
}

function valueAt(cursor: WireCursor, end: number, [field, ...deeper]: readonly DescField[]): string | number | undefined {
  if (field === undefined) return cursor.bytes.toString('utf8', cursor.at, end)
  let found: number | undefined
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag === field.number * 8 + wireTypeOf(field)) found = cursor.at
    cursor.skip(tag & 7)
  }
  if (found === undefined) return undefined
  cursor.at = found
  return wireTypeOf(field) === wire.varint ? cursor.varint() : valueAt(cursor, cursor.end(), deeper)
}

/** Reads the message from the cursor to the end given. */
type Writer = (cursor: WireCursor, end: number) => string

interface WireField {
  wireType: number
  list: boolean
  /** `"ttlSeconds":` */
  key: string
  /** Written where it is not set; undefined: nothing is. */
  absent: string | undefined
  read: (cursor: WireCursor) => string
}

const writers = new Map<DescMessage, Writer>()

function writerOf(desc: DescMessage): Writer {
  let writer = writers.get(desc)
  if (writer === undefined) {
    writer =
      desc.typeName === 'google.protobuf.Timestamp' ? timestampText : isKnown(desc) ? messageWriter(desc) : parsedWriter(desc)
    writers.set(desc, writer)
  }
  return writer
}

function messageWriter(desc: DescMessage): Writer {
  const fields: WireField[] = []
  /** By field number. */
  const places: (number | undefined)[] = []
  const compile = (): void => {
    for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
      places[field.number] = fields.length
      fields.push(wireField(field))
    }
  }
  return (cursor, end) => {
    // At the first use: a message may hold itself.
    if (fields.length === 0) compile()
    const texts: (string | undefined)[] = []
    while (cursor.at < end) {
      const tag = cursor.varint()
      const place = places[tag >>> 3]
      const field = place === undefined ? undefined : fields[place]
      if (place === undefined || field === undefined) {
        cursor.skip(tag & 7)
        continue
      }
      const before = texts[place]
      // A single field that is there twice is merged, which the parser knows how to do.
      if ((tag & 7) !== field.wireType || (before !== undefined && !field.list)) throw odd
      const text = field.read(cursor)
      texts[place] = before === undefined ? text : `${before},${text}`
    }
    if (cursor.at !== end) throw odd
    return objectText(fields, texts)
  }
}

function objectText(fields: readonly WireField[], texts: readonly (string | undefined)[]): string {
  let json = ''
  let place = 0
  for (const { key, list, absent } of fields) {
    const text = texts[place++]
    const value = text !== undefined && list ? `[${text}]` : (text ?? absent)
    if (value !== undefined) json += json === '' ? key + value : `,${key}${value}`
  }
  return `{${json}}`
}

/** Every kind of field that the contract has but maps. */
function isKnown(desc: DescMessage): boolean {
  return (
    isPlainMessage(desc) &&
    desc.fields.length > 0 &&
    desc.fields.every((field) => {
      if (field.oneof !== undefined || field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) return false
      if (field.fieldKind === 'message') return !field.delimitedEncoding
      if (field.fieldKind === 'list')
        return (field.listKind === 'message' && !field.delimitedEncoding) || field.scalar === ScalarType.STRING
      return field.fieldKind === 'enum' || (field.fieldKind === 'scalar' && scalars.has(field.scalar))
    })
  )
}

function wireField(field: DescField): WireField {
  return {
    wireType: wireTypeOf(field),
    list: field.fieldKind === 'list',
    key: `${JSON.stringify(field.jsonName)}:`,
    absent: absentText(field),
    read: readerOf(field),
  }
}

function wireTypeOf({ fieldKind, scalar }: DescField): number {
  if (scalar === ScalarType.DOUBLE) return wire.fixed64
  return fieldKind === 'enum' || (fieldKind === 'scalar' && scalar !== ScalarType.STRING) ? wire.varint : wire.bytes
}

function absentText(field: DescField): string | undefined {
  if (field.fieldKind === 'list') return '[]'
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return undefined
  if (field.enum !== undefined) return enumText(field.enum.values[0]?.number ?? 0, field)
  return field.scalar === undefined ? undefined : scalars.get(field.scalar)?.zero
}

function readerOf(field: DescField): (cursor: WireCursor) => string {
  if (field.message !== undefined) {
    const write = writerOf(field.message)
    return (cursor) => write(cursor, cursor.end())
  }
  if (field.enum !== undefined) {
    const texts = new Map(field.enum.values.map(({ number }) => [number, enumText(number, field)]))
    return (cursor) => texts.get(cursor.varint()) ?? leave()
  }
  return (field.scalar === undefined ? undefined : scalars.get(field.scalar)?.read) ?? leave
}

function enumText(number: number, field: DescField): string {
  return JSON.stringify(field.enum?.value[number]?.jsonName ?? number)
}

function leave(): never {
  throw odd
}

const scalars = new Map<ScalarType, { zero: string; read: (cursor: WireCursor) => string }>([
  [ScalarType.STRING, { zero: '""', read: stringText }],
  [ScalarType.BOOL, { zero: 'false', read: (cursor) => (cursor.varint() === 0 ? 'false' : 'true') }],
  [ScalarType.INT32, { zero: '0', read: (cursor) => String(atMost(cursor.varint(), 0x7fff_ffff)) }],
  [ScalarType.UINT32, { zero: '0', read: (cursor) => String(atMost(cursor.varint(), 0xffff_ffff)) }],
  [ScalarType.INT64, { zero: '"0"', read: (cursor) => `"${cursor.varint()}"` }],
  [ScalarType.UINT64, { zero: '"0"', read: (cursor) => `"${cursor.varint()}"` }],
  [ScalarType.DOUBLE, { zero: '0', read: doubleText }],
])

function atMost(value: number, most: number): number {
  return value <= most ? value : leave()
}

function doubleText(cursor: WireCursor): string {
  const value = cursor.bytes.readDoubleLE(cursor.at)
  cursor.at += 8
  // Those that JSON has no number for.
  return Number.isFinite(value) ? JSON.stringify(value) : leave()
}

function stringText(cursor: WireCursor): string {
  const { bytes } = cursor
  const end = cursor.end()
  const start = cursor.at
  cursor.at = end
  for (let place = start; place < end; place++) {
    const byte = bytes[place] ?? 0
    // Most are plain ASCII with nothing to escape.
    if (byte < 0x20 || byte >= 0x7f || byte === quote || byte === backslash) return quotedText(bytes.toString('utf8', start, end))
  }
  return `"${cursor.ascii(start, end)}"`
}

const quote = 0x22
const backslash = 0x5c

function quotedText(text: string): string {
  // What is no UTF-8 is the parser's to refuse.
  return text.includes('\ufffd') ? leave() : JSON.stringify(text)
}

const minuteMs = 60_000
let lastMinute = Number.NaN
let lastMinuteText = ''

function timestampText(cursor: WireCursor, end: number): string {
  let seconds = 0
  let nanos = 0
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag === 8) seconds = cursor.varint()
    else if (tag === 16) nanos = cursor.varint()
    else throw odd
  }
  if (cursor.at !== end || seconds > latestSecond || nanos > 999_999_999) throw odd
  const minute = Math.floor(seconds / 60)
  if (minute !== lastMinute) {
    lastMinute = minute
    lastMinuteText = new Date(minute * minuteMs).toISOString().slice(0, 17)
  }
  return `"${lastMinuteText}${String(seconds % 60).padStart(2, '0')}${fraction(nanos)}Z"`
}

/** The last of the year 9999. */
const latestSecond = 253_402_300_799

/** Three, six or nine digits, as many as are needed. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.endsWith('000') ? digits.slice(0, 6) : digits}`
}

function parsedWriter(desc: DescMessage): Writer {
  return (cursor, end) => {
    const text = parsedText(desc, cursor.bytes.subarray(cursor.at, end))
    cursor.at = end
    return text
  }
}

function parsedText(desc: DescMessage, bytes: Buffer): string {
  return JSON.stringify(toJson(desc, fromBinary(desc, bytes), { registry: registry(), alwaysEmitImplicit: true }))
}
