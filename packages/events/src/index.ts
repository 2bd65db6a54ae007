export { eventsShape, type EventsConfig, openTransport } from './config'
export { type AfterCommit, type Consumer, type ConsumerOptions, type EventMark, startConsumer } from './consumer'
export { deadLetterTopic, retryTopic } from './dead-letters'
export { type DeadLetter, type DeadLetterQueue, findDeadLetterQueues, listDeadLetters } from './list-dead-letters'
export { type EmbeddedTransportOptions, openEmbeddedTransport } from './embedded/transport'
export { fromMessage, toHeaders, toMessage, UnreadableEventError } from './envelope'
export {
  createEvent,
  type EventAttributes,
  type EventContext,
  type EventInput,
  eventType,
  type NewEvent,
  type PublishedEvent,
} from './event'
export { maintainInbox } from './inbox'
export { topicSettings } from './kafka/topics'
export { eventsMigrations, logMigrations } from './migrations'
export { appendEvents, appendEventsSql, type Backlog, eventParameters } from './outbox'
export { type Relay, type RelayOptions, startRelay } from './relay'
export { type ReplayOptions, replayDeadLetters } from './replay'
export * from './transport'
