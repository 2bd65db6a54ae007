import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { HoldfastError, invalidField } from '@holdfast/service'

import { isJsonObject } from './json-problems'

/** No request of ours is deeper than a few levels. */
const deepest = 32
/** The longest reservation has 500 lines of some five values; a body of a million bytes could hold hundreds of thousands. */
export const mostValues = 10_000

/** Parses a body that has to be one JSON object. @throws INVALID_ARGUMENT that names `body`, or the key that is there twice */
export function parseJsonObject(text: string): JsonObject {
  const json = parseJson(text)
  if (!isJsonObject(json)) throw invalidField('body', 'must be a JSON object')
  return json
}

/** Parses a body that may be any JSON. @throws INVALID_ARGUMENT as {@link parseJsonObject} */
export function parseJson(text: string): JsonValue {
  let json: JsonValue
  try {
    json = JSON.parse(text) as JsonValue
  } catch {
    throw invalidField('body', 'is not valid JSON')
  }
  checkNesting(text)
  return json
}

/**
 * Refuses what JSON.parse passes over in silence: a key that is twice in one object (it would keep the last, another reader
 * the first), depth, and more values than any request has, each of which costs time further on. The text is known to be well-formed.
 */
function checkNesting(text: string): void {
  /** The keys of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  let keyNext = false
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    // Each value but the outermost is the first of its container, or follows a comma.
    if ((char === brace.open || char === bracket.open || char === comma) && ++values > mostValues)
      throw invalidField('body', `has more than ${mostValues} values`)
    if (char === brace.open || char === bracket.open) {
      if (open.push(char === brace.open ? new Set() : undefined) > deepest)
        throw invalidField('body', `is deeper than ${deepest} levels`)
      keyNext = char === brace.open
    } else if (char === brace.close || char === bracket.close) {
      open.pop()
      keyNext = false
    } else if (char === comma) {
      keyNext = open[open.length - 1] !== undefined
    } else if (char === quote) {
      const end = endOfString(text, at)
      if (keyNext) noteKey(open[open.length - 1], text.slice(at, end + 1))
      keyNext = false
      at = end
    }
  }
}

function noteKey(keys: Set<string> | undefined, quoted: string): void {
  const key = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
  if (keys?.has(key) === true) throw new HoldfastError('INVALID_ARGUMENT', 'A key is twice in one object', { fields: twice(key) })
  keys?.add(key)
}

function twice(key: string): { field: string; message: string }[] {
  return [{ field: key.slice(0, 100), message: 'is given twice' }]
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at
}

const brace = { open: 0x7b, close: 0x7d }
const bracket = { open: 0x5b, close: 0x5d }
const comma = 0x2c
const quote = 0x22
const backslash = 0x5c
