import type { PublishedEvent } from '@holdfast/events'

import { isJsonObject, type Json, type JsonObject } from './canonical-json'
import type { RecordContent } from './record-hash'

/** `holdfast.reservation.created.v1` -> `reservation.created`; what is not of this form stays as it is. */
export function actionOf(type: string): string {
  return /^holdfast\.(.+)\.v\d+$/.exec(type)?.[1] ?? type
}

/** What an event, of a known type or not, leaves in the log; its number is given when it is appended. */
export function recordFromEvent(event: PublishedEvent): Omit<RecordContent, 'sequence'> {
  const action = actionOf(event.type)
  return {
    eventId: event.id.toLowerCase(),
    at: event.at,
    action,
    actorId: event.actor.id,
    actorRole: event.actor.role,
    objectType: action.split('.')[0] ?? action,
    objectId: event.subject,
    ...statesOf(event.data as Json),
    requestId: event.requestId,
  }
}

/**
 * `before` and `after` are the resource as the event tells of it. What else the event says (the movement of an adjustment
 * with its reason, the stock a product began with) stands in `after` under its own name; a name that the resource has too
 * gets an underscore in front. Nothing of the event is lost.
 */
export function statesOf(data: Json): { before: JsonObject | null; after: JsonObject | null } {
  if (!isJsonObject(data)) return { before: null, after: data === null ? null : { data } }
  const states: { before: JsonObject | null; after: JsonObject | null } = { before: null, after: null }
  const rest: [string, Json][] = []
  for (const [name, value] of Object.entries(data)) {
    const isState = name === 'before' || name === 'after'
    if (isState && isJsonObject(value)) states[name] = value
    else if (!isState || value !== null) rest.push([name, value])
  }
  if (rest.length === 0) return states
  const names = new Set(Object.keys(states.after ?? {}))
  const added = rest.map(([name, value]): [string, Json] => {
    let free = name
    while (names.has(free)) free = `_${free}`
    names.add(free)
    return [free, value]
  })
  return { before: states.before, after: Object.fromEntries([...Object.entries(states.after ?? {}), ...added]) }
}
