/**
 * What a watcher has been sent, as a text that any replica can read: a digest of its keys, then one of each one's state. No
 * replica remembers a watcher that has gone.
 */
import type { Availability } from '@holdfast/contracts/inventory'
import { createHash } from 'node:crypto'

/** Bytes of a digest: two states are taken for one once in 280 million million. */
const digestBytes = 6

export function digestOf(state: Availability): Buffer {
  return digest(JSON.stringify(state))
}

/** @param digests of the states sent, in the order of the keys */
export function encodeResumeToken(keys: readonly string[], digests: readonly Buffer[]): string {
  return Buffer.concat([digest(keys.join(' ')), ...digests]).toString('base64url')
}

/** @returns the digest of each SKU's state, in their order; undefined: no token, or another's */
export function decodeResumeToken(token: string, keys: readonly string[]): Buffer[] | undefined {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== digestBytes * (keys.length + 1)) return undefined
  const parts = Array.from({ length: keys.length + 1 }, (_, at) => bytes.subarray(at * digestBytes, (at + 1) * digestBytes))
  const [list, ...states] = parts
  return list?.equals(digest(keys.join(' '))) === true ? states : undefined
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, digestBytes)
}
