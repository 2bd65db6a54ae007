/** JSON Schema of the values of fields as proto3 JSON has them: for the document of the API, and for that of the events. */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'

export interface JsonSchema {
  [keyword: string]: unknown
}

/** What is written has 64-bit numbers as strings; what is read may have them as numbers too. */
export type Direction = 'request' | 'response'

/** @param schemaOf a message or an enum, of which the documents say different things */
export function fieldSchema(
  field: DescField,
  direction: Direction,
  schemaOf: (type: DescMessage | DescEnum) => JsonSchema,
): JsonSchema {
  const type = field.message ?? field.enum
  const value = type === undefined ? scalarSchema(field.scalar, direction) : schemaOf(type)
  if (field.fieldKind === 'list') return { type: 'array', items: value }
  return field.fieldKind === 'map' ? { type: 'object', additionalProperties: value } : value
}

export function scalarSchema(scalar: ScalarType | undefined, direction: Direction): JsonSchema {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: 'boolean' }
    case ScalarType.STRING:
      return { type: 'string' }
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' }
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { oneOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }] }
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: direction === 'request' ? ['string', 'integer'] : 'string', format: 'int64', pattern: '^-?[0-9]+$' }
    default:
      return { type: 'integer', format: 'int32' }
  }
}
