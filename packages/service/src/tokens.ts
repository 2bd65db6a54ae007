import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import jwt from 'jsonwebtoken'
import { LRUCache } from 'lru-cache'

import { copyOf } from './copy-of'
import { HoldfastError } from './errors'

/** Of users' tokens. */
export const userIssuer = 'holdfast'
export const userAudience = 'holdfast-api'

/** How long an access token lives, in seconds. */
export const accessTokenSeconds = 900

const serviceTokenSeconds = 60
/** Clocks differ a little. */
const longestServiceTokenSeconds = 2 * serviceTokenSeconds

export type UserRole = 'USER' | 'ADMIN'

export interface VerifiedUser {
  id: string
  role: UserRole
  /** Grows when all tokens of a user are ended at once; undefined: 0. */
  generation?: number
}

/** Checks users' tokens; remembers the good ones until they expire, so that a signature is checked once. */
export interface UserTokens {
  verify(token: string): VerifiedUser | Promise<VerifiedUser>
}

/** Where public keys come from: the JWKS of the gateway, or the gateway's own. */
export interface KeySource {
  /** @returns undefined for an unknown `kid` */
  find(kid: string): Promise<KeyObject | undefined>
}

const mostRemembered = 50_000

/** In characters; ours have some 400. What is longer is not even looked into. */
const longestToken = 4_096

interface Remembered<Claims> {
  claims: Claims
  /** ms since 1970 */
  until: number
}

export function createUserTokens(keys: KeySource): UserTokens {
  const remembered = new LRUCache<string, Remembered<VerifiedUser>>({ max: mostRemembered })
  const verifyNow = async (token: string): Promise<VerifiedUser> => {
    const kid = keyIdOf(token)
    const key = kid === undefined ? undefined : await keys.find(kid)
    if (key === undefined) throw unauthenticated()
    const claims = verifyWith(token, key, { issuer: userIssuer, audience: userAudience })
    const { sub, role, exp } = claims
    const generation: unknown = claims['gen']
    if (typeof sub !== 'string' || (role !== 'USER' && role !== 'ADMIN') || exp === undefined) throw unauthenticated()
    const user: VerifiedUser = { id: sub, role, ...(typeof generation === 'number' && { generation }) }
    remembered.set(copyOf(token), { claims: user, until: exp * 1000 })
    return user
  }
  return {
    verify: (token) => {
      if (token.length > longestToken) throw unauthenticated()
      const known = remembered.get(token)
      return known !== undefined && known.until > Date.now() ? known.claims : verifyNow(token)
    },
  }
}

/** Signs users' access tokens (ES256, RFC 7518); the gateway's business. */
export function signUserToken(user: VerifiedUser, privateKey: KeyObject): string {
  const claims = { role: user.role, ...(user.generation !== undefined && user.generation > 0 && { gen: user.generation }) }
  return jwt.sign(claims, privateKey, {
    algorithm: 'ES256',
    keyid: keyId(createPublicKey(privateKey)),
    subject: user.id,
    issuer: userIssuer,
    audience: userAudience,
    expiresIn: accessTokenSeconds,
  })
}

/** A key's name: its RFC 7638 thumbprint. */
export function keyId(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** A public key as one entry of a JWKS (RFC 7517). */
export function toJwk(publicKey: KeyObject): JsonWebKey {
  return { ...publicKey.export({ format: 'jwk' }), kid: keyId(publicKey), alg: 'ES256', use: 'sig' }
}

/** This service's tokens for others, and the check of theirs. A token names its caller and the one service it is for. */
export interface ServiceTokens {
  /** A token for calls to `audience`, made again before it ends. */
  issueFor(audience: string): string
  /** @returns the caller's name */
  verify(token: string): string
}

/** @param publicKeys PEM of every service's public key, by name */
export function createServiceTokens(self: string, privateKeyPem: string, publicKeys: Record<string, string>): ServiceTokens {
  const privateKey = createPrivateKey(privateKeyPem)
  const keys = new Map(Object.entries(publicKeys).map(([name, key]) => [name, createPublicKey(key)]))
  const issued = new Map<string, { token: string; renewAt: number }>()
  const remembered = new LRUCache<string, Remembered<string>>({ max: 1_000 })
  return {
    issueFor: (audience) => {
      const known = issued.get(audience)
      if (known !== undefined && known.renewAt > Date.now()) return known.token
      const token = jwt.sign({}, privateKey, { algorithm: 'ES256', issuer: self, audience, expiresIn: serviceTokenSeconds })
      issued.set(audience, { token, renewAt: Date.now() + (serviceTokenSeconds * 1000) / 2 })
      return token
    },
    verify: (token) => {
      if (token.length > longestToken) throw unauthenticated()
      const known = remembered.get(token)
      if (known !== undefined && known.until > Date.now()) return known.claims
      const { payload } = decode(token)
      const caller = typeof payload === 'string' ? '' : (payload.iss ?? '')
      const key = keys.get(caller)
      if (key === undefined) throw unauthenticated()
      const claims = verifyWith(token, key, { issuer: caller, audience: self })
      // They are made to be short-lived: one that is not was not made by this code.
      if (claims.exp === undefined || claims.exp > Date.now() / 1000 + longestServiceTokenSeconds) throw unauthenticated()
      remembered.set(copyOf(token), { claims: caller, until: claims.exp * 1000 })
      return caller
    },
  }
}

/**
 * A signature of ES256 has 64 bytes: the last of its 86 characters has four bits that say nothing. Only where they are zero is a
 * token taken, so that a good one can be spelt in one way and remembered once.
 */
const tokenForm = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/

/** What a token says, which nobody has checked. @throws UNAUTHENTICATED for what can't be read */
function decode(token: string): jwt.Jwt {
  if (!tokenForm.test(token)) throw unauthenticated()
  try {
    const decoded = jwt.decode(token, { complete: true })
    // "null" is JSON, too.
    if (decoded?.payload) return decoded
  } catch {
    // Not JSON.
  }
  throw unauthenticated()
}

function keyIdOf(token: string): string | undefined {
  const { header } = decode(token)
  // Only ES256: neither "none" nor an HMAC made with the public key gets past this line.
  return header.alg === 'ES256' && typeof header.kid === 'string' ? header.kid : undefined
}

function verifyWith(token: string, key: KeyObject, options: { issuer: string; audience: string }): jwt.JwtPayload {
  try {
    const claims = jwt.verify(token, key, { ...options, algorithms: ['ES256'], clockTolerance: 2 })
    if (typeof claims !== 'string') return claims
  } catch (error) {
    throw unauthenticated(error)
  }
  throw unauthenticated()
}

function unauthenticated(cause?: unknown): HoldfastError {
  return new HoldfastError('UNAUTHENTICATED', 'The token is missing, not valid, or has ended', { cause })
}
