import type { DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { FieldProblem } from '@holdfast/service'

import { expectation, findField } from './fields'
import { isJsonObject } from './json-problems'

/**
 * Times of days that no month has: the parser takes 30 February for 2 March. Everything else about a time is the parser's to
 * judge, so this only looks at a message that it has accepted.
 */
export function findImpossibleTimes(message: DescMessage, json: JsonObject, prefix = ''): FieldProblem[] {
  if (!mayHoldTimes(message)) return []
  return Object.entries(json).flatMap(([key, value]) => {
    const field = findField(message, key)
    if (field?.message === undefined) return []
    const inner = field.message
    const wanted = expectation(field)
    const look = (one: JsonValue, path: string): FieldProblem[] => {
      if (isJsonObject(one)) return findImpossibleTimes(inner, one, `${path}.`)
      return typeof one === 'string' && isTime(inner) && !hasDay(one) ? [{ field: path, message: wanted }] : []
    }
    const path = `${prefix}${key}`
    return Array.isArray(value) ? value.flatMap((one, index) => look(one, `${path}[${index}]`)) : look(value, path)
  })
}

const known = new WeakMap<DescMessage, boolean>()

/** Most requests have no field for a time at any depth, and are not looked at. */
function mayHoldTimes(message: DescMessage): boolean {
  let may = known.get(message)
  if (may === undefined) {
    const reached = new Set([message])
    // A set hands out what is added to it on the way.
    for (const { fields } of reached) for (const field of fields) if (field.message !== undefined) reached.add(field.message)
    may = [...reached].some(isTime)
    known.set(message, may)
  }
  return may
}

function isTime(message: DescMessage): boolean {
  return message.typeName === 'google.protobuf.Timestamp'
}

/** As `2026-01-31T...`: the month has that day. */
function hasDay(time: string): boolean {
  const [year = 0, month = 0, day = 0] = time.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}
