/** Keys of tokens' issuers, as they publish them (RFC 7517). */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import { HoldfastError } from './errors'
import { fetchJson } from './fetch-json'
import type { Logger } from './log'
import { type Algorithm, algorithms } from './signed-token'
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

export interface JwksOptions {
  /** What keys are wanted for; ES256. */
  algorithms?: readonly Algorithm[]
  /** Authorities to trust beside the system's, PEM. */
  ca?: () => string | undefined
  times?: Partial<JwksTimes>
  /** Told once when the URL stops answering. */
  log?: Logger
}

/** An issuer has a few; in the memory of each service there is room for so many. */
const mostKeys = 100
const shortestRsaBits = 2_048

/**
 * Keys fetched from a JWKS URL. A new key is found by its first token, without a restart; forged key ids can't make more
 * of that than a request every few seconds. While the URL does not answer, the keys that are known go on, and
 * nobody waits for it who has one of those.
 */
export function jwksKeys(url: string, { algorithms: wanted = ['ES256'], ca, times, log }: JwksOptions = {}): KeySource {
  const { keep, pause, firstPause } = { ...usualTimes, ...times }
  let keys = new Map<string, KeyObject>()
  let readAt = -Infinity
  let askedAt = -Infinity
  let failure: unknown
  let underWay: Promise<void> | undefined
  const read = async (): Promise<void> => {
    askedAt = performance.now()
    try {
      keys = readKeys(await fetchJson(url, ca?.()), wanted)
      readAt = performance.now()
      failure = undefined
    } catch (error) {
      if (failure === undefined) log?.warn({ err: error, url, known: keys.size }, 'the keys of users can not be read')
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
    find: async (kid, algorithm) => {
      const name = nameOf(kid, algorithm)
      const known = keys.get(name)
      if (known !== undefined) {
        if (performance.now() - readAt > keep) void readAgain()
        return known
      }
      await readAgain()
      if (keys.size > 0) return keys.get(name)
      throw new HoldfastError('UNAVAILABLE', 'The keys that tokens are checked with are not there', { cause: failure })
    },
  }
}

/** Keys for different algorithms may share an id (RFC 7517, 4.5), and no key is used for what it is not meant for (RFC 8725, 3.1). */
function nameOf(kid: string, algorithm: Algorithm): string {
  return `${algorithm} ${kid}`
}

/** Those that can be used, by their names; an issuer may publish others beside them, also such as nobody here can read. */
function readKeys(body: unknown, wanted: readonly Algorithm[]): Map<string, KeyObject> {
  const { keys } = (body ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('this is no JWKS')
  if (keys.length > mostKeys) throw new Error(`these are ${keys.length} keys, more than ${mostKeys}`)
  return new Map(
    (keys as unknown[]).flatMap((jwk) => {
      const { kid, uses } = usesOf(jwk)
      const key = uses.some((algorithm) => wanted.includes(algorithm)) ? publicKeyOf(jwk as JsonWebKey) : undefined
      if (key === undefined) return []
      return uses.filter((algorithm) => wanted.includes(algorithm)).map((algorithm) => [nameOf(kid, algorithm), key] as const)
    }),
  )
}

/** What a key is for, by what it is and by what it says of itself. */
function usesOf(jwk: unknown): { kid: string; uses: Algorithm[] } {
  const { kty, crv, kid, alg, use } = (typeof jwk === 'object' && jwk !== null ? jwk : {}) as Record<string, unknown>
  if (typeof kid !== 'string' || (use !== undefined && use !== 'sig')) return { kid: '', uses: [] }
  const uses = algorithms.filter((algorithm) => (algorithm === 'ES256' ? kty === 'EC' && crv === 'P-256' : kty === 'RSA'))
  return { kid, uses: uses.filter((algorithm) => alg === undefined || alg === algorithm) }
}

/** @returns undefined for what is no key, or for one of RSA that is too short to be believed (RFC 7518, 3.3) */
function publicKeyOf(jwk: JsonWebKey): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const { modulusLength = shortestRsaBits } = key.asymmetricKeyDetails ?? {}
    return modulusLength < shortestRsaBits ? undefined : key
  } catch {
    return undefined
  }
}
