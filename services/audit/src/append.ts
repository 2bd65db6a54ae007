import type { PublishedEvent } from '@holdfast/events'
import { faultPoint } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { recordFromEvent } from './record-from-event'
import { type ChainedRecord, recordHash, stateTexts } from './record-hash'
import { findRecorded } from './sql/find-recorded'
import { insertRecords, type WrittenRecord } from './sql/insert-records'
import { lockHead } from './sql/lock-head'

/**
 * Appends one record for each event marked `audit` that has none yet, in the order given, in the caller's transaction: the
 * record is the memory of its event (truth 5), for good. All who append have the head row's lock, so none is looked for in vain.
 * The number is head + 1 under the head row's lock, so there are no gaps whatever else fails or rolls back.
 * @returns the records that are new
 */
export async function appendRecords(client: PoolClient, events: PublishedEvent[]): Promise<ChainedRecord[]> {
  const audited = events.filter((event) => event.audit).map(recordFromEvent)
  if (audited.length === 0) return []
  const head = await lockHead(client)
  const recorded = await findRecorded(
    client,
    audited.map((content) => content.eventId),
  )
  const records: WrittenRecord[] = []
  let { sequence, hash: previousHash } = head
  for (const content of audited) {
    if (recorded.has(content.eventId)) continue
    recorded.add(content.eventId)
    const numbered = { ...content, sequence: ++sequence }
    const states = stateTexts(content)
    const hash = recordHash(previousHash, numbered, states)
    records.push({ ...numbered, previousHash, hash, states })
    previousHash = hash
  }
  await insertRecords(client, records)
  await faultPoint('audit.appended')
  return records
}
