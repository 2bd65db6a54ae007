/** The two ends of an event's way, each a span in the trace of the request that made it. Events of no trace have none. */
import { type Attributes, type Span, type Spans, tracing } from '@holdfast/service'

import type { PublishedEvent } from './event'
import type { EventPublisher, Message } from './transport'

type System = EventPublisher['system']

/**
 * Sends messages, a span for each: what an event waited in the outbox is the time before it.
 * @param send the messages as they go on: each `traceparent` is that of its span, so that who receives it comes after that
 */
export async function inSendSpans(
  messages: Message[],
  system: System,
  send: (messages: Message[]) => Promise<void>,
): Promise<void> {
  const spans = tracing()
  if (spans === undefined) return send(messages)
  const open: Span[] = []
  const traced = messages.map((message) => {
    const { topic, headers } = message
    const attributes = attributesOf('send', system, topic, headers['ce_type'] ?? '', headers['ce_id'] ?? '')
    const span = recorded(spans, 'PRODUCER', `send ${topic}`, headers['traceparent'], attributes)
    if (span === undefined) return message
    open.push(span)
    return { ...message, headers: { ...headers, traceparent: spans.traceparent(span) } }
  })
  await endAll(spans, open, 'PRODUCER', async () => send(traced))
}

/**
 * Handles events, a span for each; what is done for all of them together is a part of the first, and the others are linked to it.
 * @param handle the events as they go on: what is done because of one comes after its span
 */
export async function inProcessSpans(
  events: PublishedEvent[],
  { consumer, system }: { consumer: string; system: System },
  handle: (events: PublishedEvent[]) => Promise<void>,
): Promise<void> {
  const spans = tracing()
  if (spans === undefined) return handle(events)
  const open: Span[] = []
  const traced = events.map((event) => {
    const attributes = {
      ...attributesOf('process', system, event.topic, event.type, event.id),
      'messaging.consumer.group.name': consumer,
    }
    const span = recorded(spans, 'CONSUMER', `process ${event.topic}`, event.traceparent, attributes)
    if (span === undefined) return event
    open.push(span)
    return { ...event, traceparent: spans.traceparent(span) }
  })
  await endAll(spans, open, 'CONSUMER', async () => {
    if (open.length < 2) return spans.inside(open[0], async () => handle(traced))
    const attributes = { 'messaging.batch.message_count': events.length }
    return spans.batch(`handle events, ${consumer}`, open, attributes, async () => handle(traced))
  })
}

/** @returns undefined: its trace is not recorded, or it has none */
function recorded(
  spans: Spans,
  kind: 'PRODUCER' | 'CONSUMER',
  name: string,
  parent: string | undefined,
  attributes: Attributes,
): Span | undefined {
  if (parent === undefined) return undefined
  const span = spans.start({ name, kind, parent, attributes })
  return span.isRecording() ? span : undefined
}

function attributesOf(operation: 'send' | 'process', system: System, topic: string, type: string, id: string): Attributes {
  return {
    'messaging.system.name': system,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': topic,
    'messaging.message.id': id,
    'cloudevents.event_type': type,
  }
}

async function endAll(spans: Spans, open: Span[], kind: 'PRODUCER' | 'CONSUMER', work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    for (const span of open) spans.fail(span, kind, error)
    throw error
  } finally {
    for (const span of open) span.end()
  }
}
