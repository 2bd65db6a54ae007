/** JSON to protobuf and back, by the descriptors: the JSON mapping of proto3, strict about what it does not know. */
import { type DescField, fromJson, type JsonObject, type Message, toBinary } from '@bufbuild/protobuf'
import { registry } from '@holdfast/contracts'
import { HoldfastError, invalidField } from '@holdfast/service'

import { findImpossibleTimes } from './impossible-times'
import { findJsonProblems } from './json-problems'
import { jsonToWire } from './json-to-wire'
import { locationOf } from './location'
import { variableValue } from './path-template'
import { putQuery, putText } from './query'
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
export function encodeRequest(route: Route, segments: readonly string[], query: string, body: JsonObject | undefined): Buffer {
  const { input } = route.rpc.desc
  const json = startOf(route, body)
  for (const variable of route.variables) putVariable(json, variable, segments)
  if (query !== '') {
    if (route.body === '*')
      throw invalidField(query.split(/[=&]/, 1)[0]?.slice(0, 100) ?? '', 'is not a parameter of this request')
    putQuery(json, input, query, route.bound)
  }
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

function startOf(route: Route, body: JsonObject | undefined): JsonObject {
  if (body === undefined || route.body === undefined) return {}
  return route.body === '*' ? body : { [route.body.jsonName]: body }
}

/** The path decides; a body that says the same is fine, one that says something else is a mistake. */
function putVariable(json: JsonObject, variable: BoundVariable, segments: readonly string[]): void {
  const text = variableValue(variable, segments)
  const [field, ...deeper] = variable.path
  if (field !== undefined && deeper.length === 0) {
    const inBody = takeOut(json, field)
    if (inBody !== undefined && inBody !== null && inBody !== text && inBody !== Number(text)) {
      throw invalidField(field.jsonName, 'differs from the path')
    }
  }
  putText(json, variable.path, text, variable.path.map((part) => part.jsonName).join('.'))
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
