/** JSON to protobuf and back, by the descriptors: the JSON mapping of proto3, strict about what it does not know. */
import { type DescField, fromJson, type JsonObject, type JsonValue, type Message, toBinary } from '@bufbuild/protobuf'
import { registry } from '@holdfast/contracts'
import { HoldfastError, invalidField } from '@holdfast/service'

import { maskOf } from './field-mask'
import { findImpossibleTimes } from './impossible-times'
import { findJsonProblems, isJsonObject } from './json-problems'
import { jsonToWire } from './json-to-wire'
import { locationOf } from './location'
import { variableValue } from './path-template'
import { innermost, putQuery, putText } from './query'
import type { BoundVariable, Route } from './route-table'
import { wireToJson, wireValue } from './wire-to-json'

export interface Answer {
  status: number
  location: string | undefined
  /** JSON. */
  body: string
}

/**
 * A request's message in the wire format.
 * @param segments the path's, as the route found them
 * @param body undefined when there was none
 * @throws INVALID_ARGUMENT that names each field that is wrong
 */
export function encodeRequest(route: Route, segments: readonly string[], query: string, body: JsonValue | undefined): Buffer {
  const { input } = route.rpc.desc
  const json = startOf(route, body)
  for (const variable of route.variables) putVariable(json, variable, segments)
  if (query !== '') {
    if (route.body === '*')
      throw invalidField(query.split(/[=&]/, 1)[0]?.slice(0, 100) ?? '', 'is not a parameter of this request')
    putQuery(json, input, query, route.bound)
  }
  if (route.updateMask !== undefined) putMask(json, route, route.updateMask)
  const plain = jsonToWire(input, json)
  if (plain !== undefined) return plain
  let message: Message
  try {
    message = fromJson(input, json, { registry: registry() })
  } catch (error) {
    throw refusal(findJsonProblems(input, json), error)
  }
  const impossible = findImpossibleTimes(input, json)
  if (impossible.length > 0) throw refusal(impossible)
  const bytes = toBinary(input, message)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function decodeResponse(route: Route, bytes: Buffer): Answer {
  const { output } = route.rpc.desc
  const { replayed } = output.field
  const made = route.creates && (replayed === undefined || !wireValue(bytes, [replayed]))
  return {
    status: made ? 201 : 200,
    location: made && route.location ? locationOf(route.location, bytes) : undefined,
    body: route.responseBody === undefined ? wireToJson(output, bytes) : partOf(route.responseBody, bytes),
  }
}

/** One field of the response, alone. */
function partOf({ parent, jsonName }: DescField, bytes: Buffer): string {
  const json = JSON.parse(wireToJson(parent, bytes)) as JsonObject
  return JSON.stringify(json[jsonName] ?? null)
}

function startOf(route: Route, body: JsonValue | undefined): JsonObject {
  if (body === undefined || route.body === undefined) return {}
  if (route.body !== '*') return { [route.body.jsonName]: body }
  return isJsonObject(body) ? body : {}
}

/** The mask is relative to what is changed: the body's field, or the whole request. */
function putMask(json: JsonObject, route: Route, mask: DescField): void {
  if (Object.hasOwn(json, mask.name) || Object.hasOwn(json, mask.jsonName)) return
  const { input } = route.rpc.desc
  const given = route.variables.map((variable) => variable.path.map((field) => field.jsonName))
  if (route.body === '*') {
    const without = new Set([mask.jsonName, ...given.map((path) => path.join('.'))])
    json[mask.jsonName] = maskOf(input, json, without)
  } else if (route.body?.message !== undefined) {
    const { jsonName, message } = route.body
    const sent = json[jsonName]
    const inside = given.filter(([first]) => first === jsonName).map((path) => path.slice(1).join('.'))
    if (isJsonObject(sent)) json[mask.jsonName] = maskOf(message, sent, new Set(inside))
  }
}

/** The path decides; a body that says the same is fine, one that says something else is a mistake. */
function putVariable(json: JsonObject, variable: BoundVariable, segments: readonly string[]): void {
  const text = variableValue(variable, segments)
  const name = variable.path.map((part) => part.jsonName).join('.')
  const field = variable.path.at(-1)
  const inBody = field && takeOut(innermost(json, variable.path), field)
  const same = typeof inBody === 'boolean' ? String(inBody) === text : inBody === text || inBody === Number(text)
  if (inBody !== undefined && inBody !== null && !same) throw invalidField(name, 'differs from the path')
  putText(json, variable.path, text, name)
}

function takeOut(json: JsonObject, field: DescField): unknown {
  for (const key of Object.keys(json)) {
    if (key !== field.name && key !== field.jsonName) continue
    const value = json[key]
    delete json[key]
    return value
  }
  return undefined
}

function refusal(fields: { field: string; message: string }[], cause?: unknown): HoldfastError {
  const [first] = fields
  const detail = first === undefined ? 'The request does not fit' : `${first.field}: ${first.message}`
  return new HoldfastError('INVALID_ARGUMENT', detail, { fields, cause })
}
