import { type DescField, type DescMessage, fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import type { FieldProblem } from '@holdfast/service'

import { expectation, findField, isPlainMessage } from './fields'

/** More would not help anybody who mends a request. */
const mostProblems = 20

/**
 * What is wrong with a JSON object that the parser refused, by path (`lines[0].quantity`). The parser names a field but not
 * where it stands; so its parts are given to it one by one, down to those that it refuses. The judgement stays the parser's.
 */
export function findJsonProblems(message: DescMessage, json: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = []
  look(message, json, '', problems)
  return problems
}

export function isJsonObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function look(message: DescMessage, json: JsonObject, prefix: string, problems: FieldProblem[]): void {
  const seen = new Set<DescField>()
  for (const [key, value] of Object.entries(json)) {
    if (problems.length >= mostProblems) return
    const path = prefix === '' ? key.slice(0, 100) : `${prefix}.${key.slice(0, 100)}`
    const field = findField(message, key)
    if (field === undefined) problems.push({ field: path, message: 'is not a field here' })
    else if (seen.has(field)) problems.push({ field: path, message: 'is given twice' })
    else if (rival(field, seen)) problems.push({ field: path, message: `is not possible beside ${rival(field, seen)?.jsonName}` })
    else if (!accepts(message, key, value)) lookInside(message, field, key, value, path, problems)
    if (field !== undefined) seen.add(field)
  }
}

/** Another field of the same `oneof` that was there before. */
function rival({ oneof }: DescField, seen: ReadonlySet<DescField>): DescField | undefined {
  return oneof?.fields.find((field) => seen.has(field))
}

function lookInside(
  message: DescMessage,
  field: DescField,
  key: string,
  value: JsonValue,
  path: string,
  problems: FieldProblem[],
): void {
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) problems.push({ field: path, message: 'must be a list' })
    else lookIntoItems(message, field, key, value, path, problems)
  } else if (field.fieldKind === 'map') {
    lookIntoMap(message, key, value, path, problems)
  } else {
    lookIntoOne(field, value, path, problems)
  }
}

function lookIntoItems(
  message: DescMessage,
  field: DescField,
  key: string,
  items: JsonValue[],
  path: string,
  problems: FieldProblem[],
): void {
  for (const [index, item] of items.entries()) {
    if (problems.length >= mostProblems) return
    if (!accepts(message, key, [item])) lookIntoOne(field, item, `${path}[${index}]`, problems)
  }
}

function lookIntoMap(message: DescMessage, key: string, value: JsonValue, path: string, problems: FieldProblem[]): void {
  if (!isJsonObject(value)) {
    problems.push({ field: path, message: 'must be an object' })
    return
  }
  for (const [entryKey, entry] of Object.entries(value)) {
    if (problems.length >= mostProblems) return
    if (!accepts(message, key, { [entryKey]: entry }))
      problems.push({ field: `${path}.${entryKey}`, message: 'is not a valid entry' })
  }
}

/** One value that was refused: a field, or an item of a list. */
function lookIntoOne(field: DescField, value: JsonValue, path: string, problems: FieldProblem[]): void {
  const before = problems.length
  if (field.message !== undefined && isPlainMessage(field.message) && isJsonObject(value)) {
    look(field.message, value, path, problems)
  }
  if (problems.length === before)
    problems.push({ field: path, message: value === null ? 'must not be null' : expectation(field) })
}

function accepts(message: DescMessage, key: string, value: JsonValue): boolean {
  try {
    fromJson(message, { [key]: value })
    return true
  } catch {
    return false
  }
}
