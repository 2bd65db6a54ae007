/**
 * CloudEvents 1.0, Kafka protocol binding, binary mode: the attributes are headers, the data is the value. The same headers
 * travel on every transport.
 */
import { type Actor, actor_RoleFromJSON } from '@holdfast/contracts/common'

import type { EventAttributes, PublishedEvent } from './event'
import type { Message } from './transport'

/** A message that is no event of ours; trying again does not help. */
export class UnreadableEventError extends Error {
  override name = 'UnreadableEventError'
}

const required = [
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_subject',
  'ce_time',
  'ce_requestid',
  'ce_actor',
  'ce_aggregateversion',
  'ce_audit',
] as const

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function toHeaders(event: EventAttributes): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type,
    ce_subject: event.subject,
    ce_time: event.at.toISOString(),
    ce_partitionkey: event.key,
    ce_requestid: event.requestId,
    ce_actor: `${event.actor.role}:${event.actor.id}`,
    ce_aggregateversion: event.version.toString(),
    ce_audit: String(event.audit),
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    'content-type': 'application/json',
  }
}

/** @param json the event's data as JSON text */
export function toMessage(event: EventAttributes, json: string): Message {
  return { topic: event.topic, key: event.key, value: json, headers: toHeaders(event) }
}

/**
 * The event that a message carries; headers that are not known are left alone.
 * @throws UnreadableEventError naming everything that is missing or wrong
 */
export function fromMessage(message: Message): PublishedEvent {
  const { headers } = message
  const missing = required.filter((name) => headers[name] === undefined)
  if (missing.length > 0) throw new UnreadableEventError(`headers missing: ${missing.join(', ')}`)
  const header = (name: (typeof required)[number]) => headers[name] ?? ''
  matching(header('ce_specversion'), /^1\./, 'ce_specversion is not 1.x')
  return {
    id: matching(header('ce_id'), uuid, 'ce_id is no UUID'),
    source: header('ce_source'),
    type: header('ce_type'),
    topic: message.topic,
    key: headers['ce_partitionkey'] ?? message.key,
    subject: header('ce_subject'),
    version: BigInt(matching(header('ce_aggregateversion'), /^\d+$/, 'ce_aggregateversion is no whole number')),
    audit: matching(header('ce_audit'), /^(true|false)$/, 'ce_audit is neither true nor false') === 'true',
    actor: parseActor(header('ce_actor')),
    requestId: header('ce_requestid'),
    traceparent: headers['traceparent'],
    at: parseTime(header('ce_time')),
    data: parseData(message.value),
  }
}

function matching(value: string, pattern: RegExp, problem: string): string {
  if (!pattern.test(value)) throw new UnreadableEventError(`${problem}: ${value.slice(0, 100)}`)
  return value
}

/** `USER:<id>`; ids may hold colons. */
function parseActor(text: string): Actor {
  const colon = matching(text, /^[A-Z]+:/, 'ce_actor is not ROLE:id').indexOf(':')
  return { role: actor_RoleFromJSON(text.slice(0, colon)), id: text.slice(colon + 1) }
}

function parseTime(text: string): Date {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new UnreadableEventError(`ce_time is no time: ${text.slice(0, 100)}`)
  return at
}

function parseData(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (error) {
    throw new UnreadableEventError('the value is no JSON', { cause: error })
  }
}
