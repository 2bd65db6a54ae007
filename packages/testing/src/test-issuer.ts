/** An OIDC provider: a server with keys of its own that signs access tokens. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestIssuer {
  issuer: string
  audience: string
  /** What makes a service take its tokens. The claim `groups` says who is an admin, by `shop-admins`. */
  env: Record<string, string>
  /** RS256, for an hour. @param claims over the usual ones */
  token(subject: string, claims?: Record<string, unknown>): string
  /** From now on another key signs, and it alone is published. */
  rotate(): void
  /** What is asked for its keys is told 503. */
  down: boolean
  close(): Promise<void>
}

export async function startTestIssuer(): Promise<TestIssuer> {
  let [kid, key] = newKey()
  const server = createServer((_request, response) => {
    const published = { ...createPublicKey(key).export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
    response.writeHead(testIssuer.down ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [published] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${url}/`
  const audience = 'https://api.shop.example'
  const testIssuer: TestIssuer = {
    issuer,
    audience,
    env: {
      OIDC_ISSUER: issuer,
      OIDC_JWKS_URL: `${url}/keys`,
      OIDC_AUDIENCE: audience,
      OIDC_ROLE_CLAIM: 'groups',
      OIDC_ADMIN_VALUE: 'shop-admins',
    },
    token: (subject, claims = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const usual = { iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 3_600 }
      const input = `${part({ alg: 'RS256', typ: 'at+jwt', kid })}.${part({ ...usual, ...claims })}`
      return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
    },
    rotate: () => {
      ;[kid, key] = newKey()
    },
    down: false,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return testIssuer
}

function newKey(): [string, KeyObject] {
  return [randomUUID(), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey]
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
