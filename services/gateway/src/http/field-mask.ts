import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf'

import { findField, isPlainMessage } from './fields'
import { isJsonObject } from './json-problems'

/** The field that says what a PATCH changes (https://google.aip.dev/134); undefined: the message has none. */
export function findUpdateMask(method: string, input: DescMessage): DescField | undefined {
  if (method !== 'PATCH') return undefined
  return input.fields.find(
    (field) =>
      field.name === 'update_mask' && field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.FieldMask',
  )
}

/**
 * A PATCH that does not say what it changes changes what it sends: the paths of all values of a body, in JSON names, with
 * commas between them, as proto3 JSON writes a field mask.
 * @param without paths that are no part of the change: the mask itself, and what the address gives
 */
export function maskOf(message: DescMessage, body: JsonObject, without: ReadonlySet<string> = new Set()): string {
  return pathsOf(message, body, '', without).join(',')
}

function pathsOf(message: DescMessage, json: JsonObject, prefix: string, without: ReadonlySet<string>): string[] {
  return Object.entries(json).flatMap(([key, value]) => {
    const field = findField(message, key)
    // The parser is the one to refuse what is no field.
    if (field === undefined || without.has(`${prefix}${field.jsonName}`)) return []
    const path = `${prefix}${field.jsonName}`
    const inner = innerPaths(field, value, path, without)
    return inner.length > 0 ? inner : [path]
  })
}

function innerPaths(field: DescField, value: JsonValue, path: string, without: ReadonlySet<string>): string[] {
  const isInner = field.fieldKind === 'message' && isPlainMessage(field.message) && isJsonObject(value)
  return isInner ? pathsOf(field.message, value, `${path}.`, without) : []
}
