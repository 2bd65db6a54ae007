/**
 * JSON Schema of messages as the gateway reads and writes proto3 JSON. What is sent is one thing, and what is answered another:
 * an answer has every field (those of messages may be missing), a 64-bit number as a string; a request may leave out
 * what has its default, may give 64-bit numbers as numbers, and has no field that is not known.
 */
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { commentOf } from '@holdfast/contracts/comments'

import { constraintsOf } from './constraints'
import { exampleOfField } from './examples'
import { type Direction, fieldSchema, type JsonSchema, scalarSchema } from './json-values'
import { valueMessages } from './operations'

/** Collects the schemas of a document's components while it is made. */
export class Schemas {
  private readonly made = new Map<string, JsonSchema>()

  /** @param messages every message that the document will need, to tell those of one name apart */
  constructor(private readonly names: Names) {}

  /** By name, in the order of the alphabet. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.made].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  reference(message: DescMessage, direction: Direction): JsonSchema {
    const known = wellKnown(message)
    if (known !== undefined) return known
    const name = this.names.of(message, direction)
    if (!this.made.has(name)) {
      // Before it is known: a message may hold itself.
      this.made.set(name, {})
      this.made.set(name, this.object(message, direction))
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  /** @param without proto names of fields that are given elsewhere */
  object(message: DescMessage, direction: Direction, without: ReadonlySet<string> = new Set()): JsonSchema {
    const fields = message.fields.filter((field) => !without.has(field.name))
    const properties = fields.map((field) => [field.jsonName, this.property(field, direction)] as const)
    const required = fields.filter((field) => (direction === 'request' ? constraintsOf(field).required : isAlwaysThere(field)))
    return {
      type: 'object',
      ...described(commentOf(message)),
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required: required.map((field) => field.jsonName) }),
      ...(direction === 'request' && { additionalProperties: false }),
    }
  }

  /** Of a field as a property, or a parameter. */
  property(field: DescField, direction: Direction): JsonSchema {
    const schema = fieldSchema(field, direction, (type) =>
      type.kind === 'message' ? this.reference(type, direction) : enumSchema(type, direction),
    )
    const bounds = direction === 'request' ? constraintsOf(field).keywords : {}
    const example = exampleOfField(field)
    return {
      ...schema,
      ...bounds,
      ...described(commentOf(field)),
      ...(example !== undefined && !('$ref' in schema) && { examples: [example] }),
    }
  }
}

/** Names of the messages of a document: short ones, but where two would be the same. */
export class Names {
  private readonly byMessage = new Map<DescMessage, Set<Direction>>()

  constructor(roots: readonly (readonly [DescMessage, Direction])[]) {
    for (const [message, direction] of roots) this.add(message, direction)
  }

  of(message: DescMessage, direction: Direction): string {
    const short = shortName(message)
    const twins = [...this.byMessage.keys()].filter((other) => other !== message && shortName(other) === short)
    const name = twins.length === 0 ? short : `${contextOf(message)}${short}`
    // What goes both ways has two schemas; that of answers keeps the plain name.
    return direction === 'request' && this.byMessage.get(message)?.has('response') === true ? `${name}Input` : name
  }

  private add(message: DescMessage, direction: Direction): void {
    const known = this.byMessage.get(message) ?? new Set()
    if (known.has(direction) || message.typeName.startsWith('google.protobuf.')) return
    this.byMessage.set(message, known.add(direction))
    for (const { message: inner } of message.fields) if (inner !== undefined) this.add(inner, direction)
  }
}

/** `ReservationLine`; of a message inside another `OuterInner`. */
function shortName(message: DescMessage): string {
  return message.parent === undefined ? message.name : `${shortName(message.parent)}${message.name}`
}

/** `Inventory` of `holdfast.inventory.v1`. */
function contextOf(message: DescMessage): string {
  const [, context = ''] = message.file.proto.package.split('.')
  return `${context.charAt(0).toUpperCase()}${context.slice(1)}`
}

/** Answers show defaults; only what can be told from its default may be missing. */
function isAlwaysThere(field: DescField): boolean {
  return field.fieldKind === 'list' || field.fieldKind === 'map' || field.presence === FeatureSet_FieldPresence.IMPLICIT
}

function wellKnown(message: DescMessage): JsonSchema | undefined {
  switch (valueMessages[message.typeName]) {
    case 'date-time':
      return { type: 'string', format: 'date-time' }
    case 'duration':
      return { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?s$' }
    case 'field-mask':
      return { type: 'string' }
    case 'wrapper':
      return scalarSchema(message.fields[0]?.scalar, 'response')
    default:
      if (message.typeName === 'google.protobuf.Struct') return { type: 'object', additionalProperties: true }
      return message.typeName.startsWith('google.protobuf.') ? {} : undefined
  }
}

/** Numbers of values are read too, as proto3 JSON has it, but nobody should write them. */
function enumSchema(desc: DescEnum, direction: Direction): JsonSchema {
  const values = desc.values.map((value) => [value.name, commentOf(value)] as const)
  const told = values.filter(([, comment]) => comment !== '').map(([name, comment]) => `- \`${name}\`: ${comment}`)
  // The value that says nothing is only ever answered.
  const names = values.map(([name]) => name).filter((name) => direction === 'response' || !name.endsWith('UNSPECIFIED'))
  return { type: 'string', enum: names, ...described([commentOf(desc), told.join('\n')].filter(Boolean).join('\n\n')) }
}

function described(description: string): JsonSchema {
  return description === '' ? {} : { description }
}
