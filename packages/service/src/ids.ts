import { hash, randomBytes } from 'node:crypto'

import { invalidField } from './errors'

/**
 * The id of what an operation makes: a hash of (user, operation, idempotency key), so that a repeat meets what was made
 * (truth 4). A version 8 UUID of RFC 9562.
 */
export function operationId(user: string, operation: string, key: string): string {
  const bytes = hash('sha256', JSON.stringify([user, operation, key]), 'buffer').subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return inWords(bytes)
}

/**
 * An id for what was asked for without a key: new ones stand beside one another in an index, so that it is no slower when it
 * has grown. A version 7 UUID of RFC 9562: ms since 1970, then 74 random bits; nobody may do more for knowing one.
 */
export function timeOrderedId(at = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(at, 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return inWords(bytes)
}

function inWords(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** SHA-256, hex, of a request in canonical form: the caller orders what has no order of its own. */
export function fingerprint(canonical: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(canonical), 'hex')
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isUuid(value: string): boolean {
  return uuidPattern.test(value)
}

/** @throws INVALID_ARGUMENT that names the field */
export function checkUuid(field: string, value: string): string {
  const lower = value.toLowerCase()
  if (!isUuid(lower)) throw invalidField(field, value === '' ? 'is needed' : 'must be a UUID')
  return lower
}
