/** JSON Web Tokens (RFC 7519) as this system takes them, whoever has signed them. */
import type { KeyObject } from 'node:crypto'

import jwt from 'jsonwebtoken'

import { HoldfastError } from './errors'

/** Signatures with a public key to check them: neither "none" nor an HMAC, which would be made with that key. */
export const algorithms = ['ES256', 'RS256', 'PS256'] as const
export type Algorithm = (typeof algorithms)[number]

export interface Expected {
  issuer: string
  audience: string
  algorithm: Algorithm
  /** Clocks differ: how much later than its end a token still counts, in s. */
  clockTolerance: number
}

/**
 * Of the last character of a signature some bits may say nothing. Only where they are zero is a token taken, so that a good one
 * can be spelt in one way and remembered once.
 */
const tokenForm = /^[\w-]+\.[\w-]+\.(?:[\w-]{4})+(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** What a token says, which nobody has checked. @throws UNAUTHENTICATED for what can't be read */
export function decodeToken(token: string): jwt.Jwt {
  if (!tokenForm.test(token)) throw unauthenticated()
  try {
    const decoded = jwt.decode(token, { complete: true })
    // "null" is JSON, too. What has to be understood is not (RFC 7515, 4.1.11).
    if (decoded?.payload && decoded.header.crit === undefined) return decoded
  } catch {
    // Not JSON.
  }
  throw unauthenticated()
}

/** Who a token says it is from; nobody has checked it. */
export function issuerOf({ payload }: jwt.Jwt): string | undefined {
  return typeof payload === 'string' ? undefined : payload.iss
}

/** What the token says, if it is signed by the key and good now. @throws UNAUTHENTICATED */
export function verifyToken(token: string, key: KeyObject, expected: Expected): jwt.JwtPayload {
  const { issuer, audience, algorithm, clockTolerance } = expected
  try {
    const claims = jwt.verify(token, key, { issuer, audience, algorithms: [algorithm], clockTolerance })
    if (typeof claims !== 'string') return claims
  } catch (error) {
    throw unauthenticated(error)
  }
  throw unauthenticated()
}

export function unauthenticated(cause?: unknown): HoldfastError {
  return new HoldfastError('UNAUTHENTICATED', 'The token is missing, not valid, or has ended', { cause })
}
