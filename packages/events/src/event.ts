import { type EventDescriptor, eventDescriptors } from '@holdfast/contracts'
import type { Actor } from '@holdfast/contracts/common'

/** What an event says about itself, beside its data: the CloudEvents attributes. */
export interface EventAttributes {
  /** UUID; a consumer's memory of what it has handled goes by it. */
  id: string
  /** `//holdfast/<service>`. */
  source: string
  /** As `holdfast.reservation.created.v1`. */
  type: string
  /** As `holdfast.reservation.v1`. */
  topic: string
  /** Partition key: events of one key arrive in order. */
  key: string
  /** The aggregate's id. */
  subject: string
  /** The aggregate's version after the change: what is not newer than a consumer knows changes nothing. */
  version: bigint
  /** One audit record is written for it. */
  audit: boolean
  actor: Actor
  requestId: string
  traceparent: string | undefined
  /** When it happened. */
  at: Date
}

/** An event as a consumer receives it. */
export interface PublishedEvent extends EventAttributes {
  /** proto3 JSON of the event message: `ReservationCreated.fromJSON(event.data)`. Unknown fields may be in it. */
  data: unknown
}

/** An event that is not yet in the outbox, which gives it id and time. */
export type NewEvent = Omit<PublishedEvent, 'id' | 'source' | 'at'>

/** The part of a call's context that an event takes with it; a CallContext is one. */
export interface EventContext {
  actor: Actor
  requestId: string
  traceparent: string | undefined
}

export interface EventInput {
  /** As the proto's `event` option names it. */
  type: string
  /** proto3 JSON of the event message: `ReservationCreated.toJSON({ after })`. */
  data: unknown
  key: string
  subject: string
  version: bigint
  ctx: EventContext
}

let catalogue: Map<string, EventDescriptor> | undefined

/** What the contract says of an event type; undefined: it is not in the contract. */
export function eventType(type: string): EventDescriptor | undefined {
  catalogue ??= new Map(eventDescriptors().map((descriptor) => [descriptor.type, descriptor]))
  return catalogue.get(type)
}

/**
 * An event for {@link appendEvents}; topic and audit mark come from the contract.
 * @throws Error for a type that is not in the contract: a slip in the code, not in the request
 */
export function createEvent(input: EventInput): NewEvent {
  const descriptor = eventType(input.type)
  if (descriptor === undefined) throw new Error(`event type ${input.type} is not in the contract`)
  return {
    type: input.type,
    topic: descriptor.topic,
    key: input.key,
    subject: input.subject,
    version: input.version,
    audit: descriptor.audit,
    actor: input.ctx.actor,
    requestId: input.ctx.requestId,
    traceparent: input.ctx.traceparent,
    data: input.data,
  }
}
