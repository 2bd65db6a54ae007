/**
 * JSON in the one form that is hashed: no spaces, keys sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them, which is what RFC 8785 (JSON Canonicalization Scheme) asks for. For values that came from JSON.parse.
 */
export type Json = string | number | boolean | null | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  let text = ''
  if (Array.isArray(value)) {
    for (const element of value) text += (text === '' ? '' : ',') + canonicalJson(element)
    return `[${text}]`
  }
  for (const key of Object.keys(value).sort()) text += (text === '' ? '' : ',') + named(key) + canonicalJson(value[key] ?? null)
  return `{${text}}`
}

/** What stands in a string as it is: no quote, no backslash, nothing below a space, no half of a surrogate pair. */
const plain = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Names are few, and come again and again; no sender can make them many. */
const names = new Map<string, string>()
const mostNames = 1_000

function named(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  const text = `${JSON.stringify(key)}:`
  if (names.size < mostNames && key.length <= 64) names.set(key, text)
  return text
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
