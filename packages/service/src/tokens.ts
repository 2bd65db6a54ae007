import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import jwt from 'jsonwebtoken'
import { LRUCache } from 'lru-cache'

import { splitPems } from './config'
import { copyOf } from './copy-of'
import { type Algorithm, decodeToken, type Expected, issuerOf, unauthenticated, verifyToken } from './signed-token'

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
  /** Where a user of another issuer logs in; undefined: here. */
  issuer?: string
  /** Of a user of another issuer, if it tells. */
  email?: string
  /** May say how units are held, as admins may: a guest of a simulated sale. */
  choosesStrategy?: boolean
}

/** Checks users' tokens; remembers the good ones until they expire, so that a signature is checked once. */
export interface UserTokens {
  verify(token: string): VerifiedUser | Promise<VerifiedUser>
}

/** Where public keys come from: the JWKS of the gateway, or the gateway's own. */
export interface KeySource {
  /**
   * @param algorithm that the key is wanted for; a source of keys for one algorithm need not look at it
   * @returns undefined for an unknown `kid`
   */
  find(kid: string, algorithm: Algorithm): Promise<KeyObject | undefined>
}

/** Who else may say who a user is. */
export interface TokenIssuer {
  /** What its tokens say in `iss`. */
  readonly issuer: string
  /** @param token one that says it is from here @throws UNAUTHENTICATED, UNAVAILABLE while it has no keys */
  read(token: string, decoded: jwt.Jwt): Promise<Remembered<VerifiedUser>>
}

const mostRemembered = 50_000
/** In characters, of all tokens that are remembered: 50,000 of ours, or fewer of longer ones. */
const mostCharacters = 32_000_000

/** In characters; ours have some 400. What is longer is not even looked into. */
const longestToken = 4_096
/** Other issuers put more into theirs. All headers of a request have 16 KiB. */
const longestOfOthers = 8_192

/** In s. */
const clockTolerance = 2

/** What a token said, and how long that may be believed without another look. */
export interface Remembered<Claims> {
  claims: Claims
  /** ms since 1970 */
  until: number
}

/**
 * @param keys of this system's own users
 * @param other whose tokens are good here as well; which of the two says who a user is goes by `iss`, and each is checked with its
 * own keys alone
 */
export function createUserTokens(keys: KeySource, other?: TokenIssuer): UserTokens {
  const longest = other === undefined ? longestToken : longestOfOthers
  const remembered = new LRUCache<string, Remembered<VerifiedUser>>({
    max: mostRemembered,
    maxSize: mostCharacters,
    sizeCalculation: (_user, token) => token.length,
  })
  const verifyNow = async (token: string): Promise<VerifiedUser> => {
    const decoded = decodeToken(token)
    const isOthers = other !== undefined && issuerOf(decoded) === other.issuer
    const user = await (isOthers ? other.read(token, decoded) : readOwn(token, decoded, keys))
    remembered.set(copyOf(token), user)
    return user.claims
  }
  return {
    verify: (token) => {
      if (token.length > longest) throw unauthenticated()
      const known = remembered.get(token)
      return known !== undefined && known.until > Date.now() ? known.claims : verifyNow(token)
    },
  }
}

async function readOwn(token: string, { header }: jwt.Jwt, keys: KeySource): Promise<Remembered<VerifiedUser>> {
  // Only ES256: neither "none" nor an HMAC made with the public key gets past this line.
  const { alg: algorithm, kid } = header
  const key = algorithm === 'ES256' && typeof kid === 'string' ? await keys.find(kid, algorithm) : undefined
  if (key === undefined) throw unauthenticated()
  const claims = verifyToken(token, key, { issuer: userIssuer, audience: userAudience, algorithm: 'ES256', clockTolerance })
  const { sub, role, exp } = claims
  const generation: unknown = claims['gen']
  if (typeof sub !== 'string' || (role !== 'USER' && role !== 'ADMIN') || exp === undefined) throw unauthenticated()
  const more = {
    ...(typeof generation === 'number' && { generation }),
    ...(claims['strategy'] === true && { choosesStrategy: true }),
  }
  return { claims: { id: sub, role, ...more }, until: exp * 1000 }
}

/** Signs users' access tokens (ES256, RFC 7518); the gateway's business. */
export function signUserToken(user: VerifiedUser, privateKey: KeyObject): string {
  const claims = {
    role: user.role,
    ...(user.generation !== undefined && user.generation > 0 && { gen: user.generation }),
    ...(user.choosesStrategy === true && { strategy: true }),
  }
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

/** @param publicKeys PEM of every service's public key, by name; while a key is changed, of the old one and the new one in one text */
export function createServiceTokens(self: string, privateKeyPem: string, publicKeys: Record<string, string>): ServiceTokens {
  const privateKey = createPrivateKey(privateKeyPem)
  const keys = new Map(
    Object.entries(publicKeys).map(([name, text]) => [name, splitPems(text).map((pem) => createPublicKey(pem))]),
  )
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
      const caller = issuerOf(decodeToken(token)) ?? ''
      const claims = verifyByOneOf(keys.get(caller) ?? [], token, {
        issuer: caller,
        audience: self,
        algorithm: 'ES256',
        clockTolerance,
      })
      // They are made to be short-lived: one that is not was not made by this code.
      if (claims.exp === undefined || claims.exp > Date.now() / 1000 + longestServiceTokenSeconds) throw unauthenticated()
      remembered.set(copyOf(token), { claims: caller, until: claims.exp * 1000 })
      return caller
    },
  }
}

function verifyByOneOf(keys: readonly KeyObject[], token: string, expected: Expected): jwt.JwtPayload {
  let refusal: unknown = unauthenticated()
  for (const key of keys) {
    try {
      return verifyToken(token, key, expected)
    } catch (error) {
      refusal = error
    }
  }
  throw refusal
}
