import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'

const byName = new WeakMap<DescMessage, Map<string, DescField>>()

/** A field by its JSON name (`ttlSeconds`) or its proto name (`ttl_seconds`). */
export function findField(message: DescMessage, name: string): DescField | undefined {
  let fields = byName.get(message)
  if (fields === undefined) {
    fields = new Map(message.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]))
    byName.set(message, fields)
  }
  return fields.get(name)
}

/** Messages that JSON writes as a string. */
const textMessages: Record<string, string> = {
  'google.protobuf.Timestamp': 'must be a time as 2026-01-31T12:00:00Z',
  'google.protobuf.Duration': 'must be a duration as 1.5s',
  'google.protobuf.FieldMask': 'must be field names with commas between them',
}

/** Messages that JSON writes as the one value in them. */
const wrappers = /^google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/

/** A message whose JSON is one value, which can be told as text. */
export function isTextMessage(message: DescMessage): boolean {
  return Object.hasOwn(textMessages, message.typeName) || wrappers.test(message.typeName)
}

/** What a field's value is made of, a wrapped one's too; undefined for messages and enums. */
export function scalarOf(field: DescField): ScalarType | undefined {
  if (field.message === undefined || !wrappers.test(field.message.typeName)) return field.scalar
  return field.message.fields[0]?.scalar
}

/** A message whose JSON is an object of its fields. */
export function isPlainMessage(message: DescMessage): boolean {
  return !message.typeName.startsWith('google.protobuf.')
}

const wholeNumbers = new Map<ScalarType, string>([
  ...[ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32].map((type) => [type, 'from -2147483648 to 2147483647'] as const),
  ...[ScalarType.UINT32, ScalarType.FIXED32].map((type) => [type, 'from 0 to 4294967295'] as const),
  ...[ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64].map((type) => [type, 'of at most 64 bits'] as const),
  ...[ScalarType.UINT64, ScalarType.FIXED64].map((type) => [type, 'from 0, of at most 64 bits'] as const),
])

export function isWholeNumber(scalar: ScalarType | undefined): boolean {
  return scalar !== undefined && wholeNumbers.has(scalar)
}

/** What one value of the field (one item of a list) has to be, as the end of a sentence that begins with its name. */
export function expectation(field: DescField): string {
  const scalar = scalarOf(field)
  if (field.enum !== undefined) return `must be one of ${enumNames(field.enum).join(', ')}`
  if (scalar === undefined) return textMessages[field.message?.typeName ?? ''] ?? 'must be an object'
  if (scalar === ScalarType.STRING) return 'must be a string of valid Unicode'
  if (scalar === ScalarType.BOOL) return 'must be true or false'
  if (scalar === ScalarType.BYTES) return 'must be a string in base64'
  const bounds = wholeNumbers.get(scalar)
  return bounds === undefined ? 'must be a number' : `must be a whole number ${bounds}`
}

function enumNames(desc: DescEnum): string[] {
  const names = desc.values.map((value) => value.name)
  return names.filter((name) => !name.endsWith('UNSPECIFIED'))
}
