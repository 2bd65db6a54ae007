import { createHash } from 'node:crypto'

import { canonicalJson, type JsonObject } from './canonical-json'

/** What a record says; all of it is under its hash. */
export interface RecordContent {
  sequence: bigint
  eventId: string
  at: Date
  action: string
  actorId: string
  actorRole: string
  objectType: string
  objectId: string
  before: JsonObject | null
  after: JsonObject | null
  requestId: string
}

/** A record in its place in the chain; hashes in hex. */
export interface ChainedRecord extends RecordContent {
  previousHash: string
  hash: string
}

/** What the first record carries as the hash of the one before. */
export const genesisHash = '0'.repeat(64)

/**
 * SHA-256 over the previous record's hash (64 hex digits) followed by the content as canonical JSON. Whatever is added to
 * records later goes into the content only where it is there, so that older records keep their hash.
 */
export function recordHash(previousHash: string, content: RecordContent): string {
  const { sequence, eventId, at, action, actorId, actorRole, objectType, objectId, before, after, requestId } = content
  const canonical = canonicalJson({
    sequence: sequence.toString(),
    eventId,
    at: at.toISOString(),
    action,
    actor: { id: actorId, role: actorRole },
    objectType,
    objectId,
    before,
    after,
    requestId,
  })
  return createHash('sha256').update(previousHash).update(canonical).digest('hex')
}
