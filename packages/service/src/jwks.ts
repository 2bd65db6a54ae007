/** Keys of tokens' issuers, as they publish them (RFC 7517). */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import { HoldfastError } from './errors'
import { fetchJson } from './fetch-json'
import type { KeySource } from './tokens'

/** In ms. */
export interface JwksTimes {
  /** How old keys may be before they are read again, beside the calls. */
  keep: number
  /** Unknown key ids, and failures, have them read again at most so often. */
  pause: number
  /** The same while there are no keys at all, as at the start of a whole system. */
  firstPause: number
}

const usualTimes: JwksTimes = { keep: 300_000, pause: 5_000, firstPause: 500 }

/**
 * Keys fetched from a JWKS URL. A new key is found by its first token, without a restart; forged key ids can't make more
 * of that than a request every few seconds. While the URL does not answer, the keys that are known go on, and
 * nobody waits for it who has one of those.
 * @param ca authorities to trust beside the system's, PEM
 */
export function jwksKeys(url: string, ca: () => string | undefined = () => undefined, times: Partial<JwksTimes> = {}): KeySource {
  const { keep, pause, firstPause } = { ...usualTimes, ...times }
  let keys = new Map<string, KeyObject>()
  let readAt = -Infinity
  let askedAt = -Infinity
  let failure: unknown
  let underWay: Promise<void> | undefined
  const read = async (): Promise<void> => {
    askedAt = performance.now()
    try {
      keys = readKeys(await fetchJson(url, ca()))
      readAt = performance.now()
      failure = undefined
    } catch (error) {
      failure = error
    } finally {
      underWay = undefined
    }
  }
  /** @returns undefined: it was asked a moment ago */
  const readAgain = (): Promise<void> | undefined => {
    const soon = performance.now() - askedAt < (keys.size === 0 ? firstPause : pause)
    return (underWay ??= soon ? undefined : read())
  }
  return {
    find: async (kid) => {
      const known = keys.get(kid)
      if (known !== undefined) {
        if (performance.now() - readAt > keep) void readAgain()
        return known
      }
      await readAgain()
      if (keys.size > 0) return keys.get(kid)
      throw new HoldfastError('UNAVAILABLE', 'The keys that tokens are checked with are not there', { cause: failure })
    },
  }
}

/** Those that ES256 can use, by their ids; an issuer may publish others beside them. */
function readKeys(body: unknown): Map<string, KeyObject> {
  const { keys } = (body ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('this is no JWKS')
  return new Map(
    keys.flatMap((key: JsonWebKey & { kid?: unknown }) => {
      if (key.kty !== 'EC' || key.crv !== 'P-256' || typeof key.kid !== 'string') return []
      return [[key.kid, createPublicKey({ key, format: 'jwk' })] as const]
    }),
  )
}
