/** Users of another issuer: an OIDC provider whose access tokens are good here too (docs/decisions/031-external-issuer.md). */
import type jwt from 'jsonwebtoken'
import type { z } from 'zod'

import { ConfigError, type externalIssuerShape } from './config'
import { operationId } from './ids'
import { jwksKeys, type JwksTimes } from './jwks'
import type { Logger } from './log'
import { algorithms, unauthenticated, verifyToken } from './signed-token'
import { type KeySource, type Remembered, type TokenIssuer, userIssuer, type VerifiedUser } from './tokens'

export type ExternalIssuerConfig = z.infer<z.ZodObject<typeof externalIssuerShape>>

/** Its clock is not one of this system's; in s. */
const clockTolerance = 10
/** A key that was withdrawn is noticed; in ms. Its users' tokens may live for hours. */
const longestTrustMs = 300_000
/** Of what names a user, in characters. OpenID Connect allows no more for `sub`. */
const longestSubject = 255
const longestEmail = 320

interface Claims {
  role: ClaimReader | undefined
  user: ClaimReader
  email: ClaimReader
  adminValue: string | undefined
}

/**
 * @returns undefined: there are this system's own users only
 * @throws ConfigError that names each variable which is missing or wrong
 */
export function openExternalIssuer(
  config: ExternalIssuerConfig,
  log: Logger,
  times?: Partial<JwksTimes>,
): TokenIssuer | undefined {
  const { OIDC_ISSUER: issuer, OIDC_JWKS_URL: url, OIDC_AUDIENCE: audience } = config
  const claims = claimsOf(config)
  if (issuer === undefined || url === undefined || audience === undefined) {
    const given = [issuer, url, audience, config.OIDC_ROLE_CLAIM].some((value) => value !== undefined)
    if (given) throw new ConfigError('OIDC_ISSUER, OIDC_JWKS_URL and OIDC_AUDIENCE: all are needed, or none')
    return undefined
  }
  if (issuer === userIssuer) throw new ConfigError(`OIDC_ISSUER: ${userIssuer} is what this system's own tokens say`)
  const keys = jwksKeys(url, { algorithms, log, times })
  return {
    issuer,
    read: async (token, decoded) => read(token, decoded, { issuer, audience, keys, claims }),
  }
}

async function read(
  token: string,
  { header }: jwt.Jwt,
  { issuer, audience, keys, claims }: { issuer: string; audience: string; keys: KeySource; claims: Claims },
): Promise<Remembered<VerifiedUser>> {
  const algorithm = algorithms.find((name) => name === header.alg)
  const key = algorithm === undefined || typeof header.kid !== 'string' ? undefined : await keys.find(header.kid, algorithm)
  if (algorithm === undefined || key === undefined) throw unauthenticated()
  const said = verifyToken(token, key, { issuer, audience, algorithm, clockTolerance })
  const subject = claims.user(said)
  if (typeof subject !== 'string' || subject === '' || subject.length > longestSubject) throw unauthenticated()
  if (said.exp === undefined) throw unauthenticated()
  const email = claims.email(said)
  const user: VerifiedUser = {
    id: externalUserId(issuer, subject),
    role: isAdmin(claims, said) ? 'ADMIN' : 'USER',
    issuer,
    ...(typeof email === 'string' && email.length <= longestEmail && { email }),
  }
  return { claims: user, until: Math.min(said.exp * 1000, Date.now() + longestTrustMs) }
}

/** By the one claim that was named, a text or a list with it; whatever else a token says of rights counts for nothing. */
function isAdmin({ role, adminValue }: Claims, said: jwt.JwtPayload): boolean {
  const value = role?.(said)
  return adminValue !== undefined && (value === adminValue || (Array.isArray(value) && value.includes(adminValue)))
}

/**
 * The id of an issuer's user here. It is never that of a user of this system, or of another issuer: it is made of both names, and
 * of a word that no other id is made of. The same name has the same id always.
 */
export function externalUserId(issuer: string, subject: string): string {
  return operationId(issuer, 'external user', subject)
}

type ClaimReader = (claims: object) => unknown

function claimsOf(config: ExternalIssuerConfig): Claims {
  const { OIDC_ROLE_CLAIM: role, OIDC_ADMIN_VALUE: adminValue } = config
  if ((role === undefined) !== (adminValue === undefined)) {
    throw new ConfigError('OIDC_ROLE_CLAIM and OIDC_ADMIN_VALUE: both are needed, or neither')
  }
  return {
    role: role === undefined ? undefined : claimReader('OIDC_ROLE_CLAIM', role),
    user: claimReader('OIDC_USER_CLAIM', config.OIDC_USER_CLAIM),
    email: claimReader('OIDC_EMAIL_CLAIM', config.OIDC_EMAIL_CLAIM),
    adminValue,
  }
}

/**
 * @param name of a claim, which may be a URL and have dots in it; or with a slash before it, a JSON pointer to one that stands within
 * others (RFC 6901)
 */
function claimReader(variable: string, name: string): ClaimReader {
  if (!name.startsWith('/')) return (claims) => member(claims, name)
  const steps = name.slice(1).split('/')
  if (steps.some((step) => /~(?![01])/.test(step))) throw new ConfigError(`${variable}: ${name} is no JSON pointer`)
  const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (claims) => names.reduce<unknown>(member, claims)
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
