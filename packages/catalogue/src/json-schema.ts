/**
 * JSON Schema of messages as proto3 JSON writes them: lowerCamelCase names, 64-bit numbers as strings, enums by name, times as
 * RFC 3339; a field that has its default (0, "", false, an empty list, no message) may be left out. What is not known is let
 * pass, as consumers should: a later release adds fields.
 */
import type { DescEnum, DescMessage } from '@bufbuild/protobuf'

import { commentOf } from '@holdfast/contracts/comments'
import { fieldSchema, type JsonSchema } from '@holdfast/openapi'

/** @returns the schemas of a message and of all that it is made of, by their full names */
export function messageSchemas(roots: readonly DescMessage[]): Record<string, JsonSchema> {
  const found = new Map<string, JsonSchema>()
  const visit = (message: DescMessage): void => {
    if (found.has(message.typeName) || wellKnown[message.typeName] !== undefined) return
    found.set(message.typeName, objectSchema(message))
    for (const { message: inner } of message.fields) if (inner !== undefined) visit(inner)
  }
  roots.forEach(visit)
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function referenceTo(message: DescMessage): JsonSchema {
  return wellKnown[message.typeName] ?? { $ref: `#/components/schemas/${message.typeName}` }
}

const wellKnown: Record<string, JsonSchema> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Struct': { type: 'object' },
  'google.protobuf.Value': {},
}

function objectSchema(message: DescMessage): JsonSchema {
  if (message.typeName.startsWith('google.')) throw new Error(`how proto3 JSON writes ${message.typeName} is not known here`)
  const properties = message.fields.map((field) => {
    const schema = fieldSchema(field, 'response', (type) => (type.kind === 'message' ? referenceTo(type) : enumSchema(type)))
    return [field.jsonName, described(commentOf(field), schema)] as const
  })
  return described(commentOf(message), { type: 'object', properties: Object.fromEntries(properties) })
}

/** Those of today; another release may add one. */
function enumSchema(desc: DescEnum): JsonSchema {
  return { type: 'string', enum: desc.values.map((value) => value.name) }
}

/** A reference stands alone: what is beside it is not read by every reader. */
function described(description: string, schema: JsonSchema): JsonSchema {
  return description === '' || '$ref' in schema ? schema : { description, ...schema }
}
