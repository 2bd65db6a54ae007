/** JSON to protobuf and back, by the descriptors: the JSON mapping of proto3, strict about what it does not know. */
import type { IncomingHttpHeaders } from 'node:http'

import { type DescField, fromJson, type JsonObject, type JsonValue, type Message, toBinary } from '@bufbuild/protobuf'
import { registry } from '@holdfast/contracts'
import { HoldfastError, invalidField } from '@holdfast/service'

import { maskOf } from './field-mask'
import { findImpossibleTimes } from './impossible-times'
import { type RawBody, rawFromWire, rawToWire } from './http-body'
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
  /** Its media type. */
  type: string
  /** JSON, or what the RPC gives as it is. */
  body: string | Buffer
}

/** What a request has beside its path, its query and JSON. */
export interface Beside {
  headers?: IncomingHttpHeaders
  /** The body, where the route takes it as it is. */
  raw?: RawBody | undefined
}

/**
 * A request's message in the wire format.
 * @param segments the path's, as the route found them
 * @param body undefined when there was none
 * @throws INVALID_ARGUMENT that names each field that is wrong
 */
export function encodeRequest(
  route: Route,
  segments: readonly string[],
  query: string,
  body: JsonValue | undefined,
  { headers = {}, raw }: Beside = {},
): Buffer {
  const json = startOf(route, body)
  putHeaders(json, route, headers)
  const bytes = encodeJson(route, json, segments, query)
  // The fields of a message may stand in any order, and in parts.
  return raw === undefined || route.rawBody === undefined ? bytes : Buffer.concat([bytes, rawToWire(route.rawBody, raw)])
}

function encodeJson(route: Route, json: JsonObject, segments: readonly string[], query: string): Buffer {
  const { input } = route.rpc.desc
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
    ...bodyOf(route, bytes),
  }
}

function bodyOf({ rawAnswer, responseBody, rpc }: Route, bytes: Buffer): Pick<Answer, 'type' | 'body'> {
  if (rawAnswer !== undefined) {
    const { contentType, data } = rawFromWire(rawAnswer, bytes)
    return { type: contentType, body: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
  }
  const body = responseBody === undefined ? wireToJson(rpc.desc.output, bytes) : partOf(responseBody, bytes)
  return { type: 'application/json', body }
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

/** A header is said in one place: the body can't say it too. */
function putHeaders(json: JsonObject, route: Route, headers: IncomingHttpHeaders): void {
  for (const { name, field } of route.headers) {
    if (takeOut(json, field) !== undefined) throw invalidField(field.jsonName, `is given by the header ${name}`)
    const value = headers[name]
    if (value !== undefined) json[field.jsonName] = String(value)
  }
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
