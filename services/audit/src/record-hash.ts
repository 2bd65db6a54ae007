import { hash } from 'node:crypto'

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

/** `before` and `after` as canonical JSON; `null` where there is none. */
export interface StateTexts {
  before: string
  after: string
}

export function stateTexts({ before, after }: Pick<RecordContent, 'before' | 'after'>): StateTexts {
  return { before: canonicalJson(before), after: canonicalJson(after) }
}

/**
 * SHA-256 over the previous record's hash (64 hex digits) followed by the content as canonical JSON. Whatever is added to
 * records later goes into the content only where it is there, so that older records keep their hash.
 * @param states those of the content, where they are there already
 */
export function recordHash(previousHash: string, content: RecordContent, states: StateTexts = stateTexts(content)): string {
  const { sequence, eventId, at, action, actorId, actorRole, objectType, objectId, requestId } = content
  const text = (value: string): string => canonicalJson(value)
  // The names in the order that canonical JSON has them in.
  const canonical =
    `{"action":${text(action)},"actor":{"id":${text(actorId)},"role":${text(actorRole)}},"after":${states.after},` +
    `"at":"${at.toISOString()}","before":${states.before},"eventId":${text(eventId)},"objectId":${text(objectId)},` +
    `"objectType":${text(objectType)},"requestId":${text(requestId)},"sequence":"${sequence}"}`
  return hash('sha256', previousHash + canonical, 'hex')
}
