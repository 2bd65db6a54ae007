import { eventDescriptors } from '@holdfast/contracts'
import { type Consumer, startConsumer, type Transport } from '@holdfast/events'
import type { Database } from '@holdfast/service'
import type { Logger } from '@holdfast/service'

import { appendRecords } from './append'
import type { ChainedRecord } from './record-hash'

/** Every topic of the contract that has events to record. */
export function auditedTopics(): string[] {
  const audited = eventDescriptors().filter((event) => event.audit)
  return [...new Set(audited.map((event) => event.topic))].sort()
}

export interface AuditConsumerOptions {
  transport: Transport
  database: Database
  /** Called after a commit with the records that it appended. */
  appended?: (records: ChainedRecord[]) => void
  log: Logger
}

/**
 * Reads all topics and appends what is marked `audit`. The mark travels with the event, so event types of newer versions of
 * other services are recorded as well.
 */
export async function startAuditConsumer({ appended, ...options }: AuditConsumerOptions): Promise<Consumer> {
  return startConsumer({
    ...options,
    name: 'audit',
    topics: auditedTopics(),
    // A message without a type is nobody's: it is wanted, so that it is parked and seen.
    wants: ({ type, audit }) => audit || type === '',
    takeBatch: async (client, events) => {
      const records = await appendRecords(client, events)
      return () => appended?.(records)
    },
  })
}
