import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { HoldfastError, invalidField } from '@holdfast/service'

import { expectation, findField, isPlainMessage, isTextMessage, isWholeNumber, scalarOf } from './fields'
import { isJsonObject } from './json-problems'

/**
 * Puts a text from the query or the path into a request's JSON, typed as its field needs it. What is no whole number or
 * truth value is refused here; the rest (names of enum values, times) the JSON parser judges.
 * @param path the field's path, from the outermost message
 */
export function putText(target: JsonObject, path: readonly DescField[], text: string, name: string): void {
  const at = innermost(target, path)
  const field = path[path.length - 1]
  if (field === undefined) return
  const value = typed(field, text, name)
  const before = at[field.jsonName]
  if (field.fieldKind === 'list') putItem(at, field.jsonName, before, value)
  else if (before !== undefined) throw invalidField(name, 'is given more than once')
  else at[field.jsonName] = value
}

/** The object that holds the last field of a path, made where it is not there yet; a field goes by either of its names. */
export function innermost(target: JsonObject, path: readonly DescField[]): JsonObject {
  let at = target
  for (const field of path.slice(0, -1)) {
    const key = Object.hasOwn(at, field.name) ? field.name : field.jsonName
    const inner = at[key] ?? {}
    if (!isJsonObject(inner)) throw invalidField(field.jsonName, expectation(field))
    at[key] = inner
    at = inner
  }
  return at
}

/** Without a copy of what is there: a query may have a thousand items. */
function putItem(at: JsonObject, name: string, before: JsonValue | undefined, value: JsonValue): void {
  if (Array.isArray(before)) before.push(value)
  else at[name] = [value]
}

/**
 * Reads a query string into a request's JSON: `pageSize=5`, `skus=A&skus=B`, `order.id=1`.
 * @param bound proto names of what path and body give: neither these nor what is inside them can be in the query
 */
export function putQuery(target: JsonObject, message: DescMessage, query: string, bound: ReadonlySet<string>): void {
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), pair)
    const path = resolvePath(message, name)
    if (path === undefined || isBound(path, bound)) throw invalidField(name.slice(0, 100), 'is not a parameter of this request')
    putText(target, path, equals < 0 ? '' : decode(pair.slice(equals + 1), name), name)
  }
}

function isBound(path: readonly DescField[], bound: ReadonlySet<string>): boolean {
  return path.some((_, index) => bound.has(protoPath(path.slice(0, index + 1))))
}

/** The fields on a path as `order.id`, in JSON or proto names. @returns undefined when it does not lead to a value */
export function resolvePath(message: DescMessage, name: string): DescField[] | undefined {
  const path: DescField[] = []
  let at: DescMessage | undefined = message
  for (const part of name.split('.')) {
    const field: DescField | undefined = at && findField(at, part)
    if (field === undefined) return undefined
    path.push(field)
    at = field.fieldKind === 'message' && isPlainMessage(field.message) ? field.message : undefined
  }
  const last = path[path.length - 1]
  const isValue = last?.fieldKind !== 'map' && (last?.message === undefined || isTextMessage(last.message))
  return isValue ? path : undefined
}

function protoPath(path: readonly DescField[]): string {
  return path.map((field) => field.name).join('.')
}

function typed(field: DescField, text: string, name: string): JsonValue {
  const scalar = scalarOf(field)
  if (scalar === ScalarType.BOOL && (text === 'true' || text === 'false')) return text === 'true'
  if (isWholeNumber(scalar) && !/^-?\d{1,20}$/.test(text)) throw invalidField(name, expectation(field))
  return text
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new HoldfastError('INVALID_ARGUMENT', 'The query is not percent-encoded UTF-8', {
      fields: [{ field: name.slice(0, 100), message: 'is not percent-encoded UTF-8' }],
    })
  }
}
