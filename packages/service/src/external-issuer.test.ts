/** Tokens of an OIDC provider, which is a server of this test with keys of its own. */
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { externalIssuerShape, readConfig } from './config'
import { externalUserId, openExternalIssuer } from './external-issuer'
import type { JwksTimes } from './jwks'
import { createLog } from './log'
import { createUserTokens, keyId, signUserToken, toJwk, userAudience, userIssuer } from './tokens'

const issuer = 'https://login.shop.example/'
const audience = 'https://api.shop.example'
const log = createLog('test', 'silent')

const ec = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const rsa = (bits = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
const [ecKey, rsaKey, weakRsaKey, ownKey] = [ec(), rsa(), rsa(1024), ec()]
const jwk = (key: KeyObject, kid: string, more: JsonWebKey = {}): JsonWebKey => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
  kid,
  ...more,
})
const usual = [jwk(ecKey, 'ec'), jwk(rsaKey, 'rsa'), jwk(weakRsaKey, 'weak')]

let server: Server
let url: string
let published: unknown
let asked: number
/** What the issuer does, for as long as it is well: answers; else nothing at all, or what is no JWKS. */
let mood: 'well' | 'failing' | 'silent' | 'endless' | 'elsewhere'

beforeAll(async () => {
  server = createServer((_request, response) => {
    asked++
    if (mood === 'silent') return
    if (mood === 'elsewhere') response.writeHead(302, { location: `${url}/other` }).end()
    else if (mood === 'endless') response.writeHead(200).end('['.padEnd(2_000_000, ' '))
    else response.writeHead(mood === 'well' ? 200 : 500).end(JSON.stringify({ keys: published }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
})
beforeEach(() => {
  published = usual
  asked = 0
  mood = 'well'
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function usersWith(env: Record<string, string> = {}, times: Partial<JwksTimes> = {}) {
  const settings = { OIDC_ISSUER: issuer, OIDC_JWKS_URL: url, OIDC_AUDIENCE: audience, ...env }
  const external = openExternalIssuer(readConfig(externalIssuerShape, settings), log, times)
  const own = createPublicKey(ownKey)
  return createUserTokens({ find: async (kid) => Promise.resolve(kid === keyId(own) ? own : undefined) }, external)
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = (): number => Math.floor(Date.now() / 1000)
const claims = (change: Record<string, unknown> = {}) => ({
  iss: issuer,
  aud: audience,
  sub: 'ann',
  iat: now(),
  exp: now() + 3_600,
  ...change,
})
type Header = Record<string, unknown> & { alg: string }

function tokenOf(payload: unknown, header: Header = { alg: 'ES256', kid: 'ec' }, key: KeyObject = keyOf(header.alg)): string {
  const input = `${part(header)}.${part(payload)}`
  const how =
    header.alg === 'PS256'
      ? { key, padding: 6, saltLength: 32 }
      : { key, ...(key.asymmetricKeyType === 'ec' && { dsaEncoding: 'ieee-p1363' as const }) }
  return `${input}.${sign('sha256', Buffer.from(input), how).toString('base64url')}`
}

const keyOf = (alg: string): KeyObject => (alg === 'ES256' ? ecKey : rsaKey)
const ann = externalUserId(issuer, 'ann')

test.each(['ES256', 'RS256', 'PS256'])('a token of the issuer that is signed by %s says who its user is', async (alg) => {
  const users = usersWith()
  const token = tokenOf(claims({ email: 'ann@shop.example' }), { alg, kid: alg === 'ES256' ? 'ec' : 'rsa' })
  expect(await users.verify(token)).toEqual({ id: ann, role: 'USER', issuer, email: 'ann@shop.example' })
  // Remembered: no second signature is checked.
  expect(users.verify(token)).toMatchObject({ id: ann })
  expect(await usersWith().verify(tokenOf(claims({ aud: ['others', audience] })))).toMatchObject({ id: ann })
})

test.each<[string, () => string]>([
  ['another audience', () => tokenOf(claims({ aud: 'others' }))],
  ['no audience', () => tokenOf(claims({ aud: undefined }))],
  ['the audience of our own tokens', () => tokenOf(claims({ aud: userAudience }))],
  ['another issuer', () => tokenOf(claims({ iss: 'https://login.shop.example' }))],
  ['no issuer', () => tokenOf(claims({ iss: undefined }))],
  ['an end that is past', () => tokenOf(claims({ exp: now() - 60 }))],
  ['no end', () => tokenOf(claims({ exp: undefined }))],
  ['a beginning that is to come', () => tokenOf(claims({ nbf: now() + 600 }))],
  ['no user', () => tokenOf(claims({ sub: undefined }))],
  ['a user that is no text', () => tokenOf(claims({ sub: 42 }))],
  ['a user without a name', () => tokenOf(claims({ sub: '' }))],
  ['a user with too long a name', () => tokenOf(claims({ sub: 'x'.repeat(256) }))],
  ['no algorithm', () => `${part({ alg: 'none', kid: 'ec' })}.${part(claims())}.AAAA`],
  ['HS256 by the public key', () => hs256(createPublicKey(ecKey), 'ec')],
  ['HS256 by the public key of RSA', () => hs256(createPublicKey(rsaKey), 'rsa')],
  ['an algorithm that is not its key’s', () => tokenOf(claims(), { alg: 'RS256', kid: 'ec' }, rsaKey)],
  ['a key that is too short', () => tokenOf(claims(), { alg: 'RS256', kid: 'weak' }, weakRsaKey)],
  ["another's key under a known name", () => tokenOf(claims(), { alg: 'ES256', kid: 'ec' }, ec())],
  ['an unknown key', () => tokenOf(claims(), { alg: 'ES256', kid: 'other' })],
  ['no name of its key', () => tokenOf(claims(), { alg: 'ES256' })],
  ['something that has to be understood', () => tokenOf(claims(), { alg: 'ES256', kid: 'ec', crit: ['b64'], b64: true })],
  ['a changed payload', () => tokenOf(claims()).replace(/\.[^.]+\./, `.${part(claims({ sub: 'bob' }))}.`)],
  ['our own key, in the name of the issuer', () => ours(claims({ role: 'ADMIN' }))],
  ['the key of the issuer, in our name', () => tokenOf(claims({ iss: userIssuer, aud: userAudience, role: 'ADMIN' }))],
  ['more in it than any has', () => tokenOf(claims({ padding: 'x'.repeat(9_000) }))],
])('a token with %s is refused', async (_what, make) => {
  await expect((async () => usersWith().verify(make()))()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

function hs256(publicKey: KeyObject, kid: string): string {
  const input = `${part({ alg: 'HS256', kid })}.${part(claims())}`
  return `${input}.${createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
    .update(input)
    .digest('base64url')}`
}

/** As this system's gateway would sign it. */
function ours(payload: unknown): string {
  return tokenOf(payload, { alg: 'ES256', kid: keyId(createPublicKey(ownKey)) }, ownKey)
}

test('a key is used for what it says that it is for, and others beside it do no harm', async () => {
  published = [
    'nonsense',
    null,
    { kty: 'EC', crv: 'P-256', kid: 'broken', x: 'AA', y: 'AA' },
    jwk(rsaKey, 'rsa', { alg: 'PS256', use: 'sig' }),
    jwk(ecKey, 'ec', { use: 'enc' }),
    // One name for two keys of different kinds is allowed (RFC 7517, 4.5).
    jwk(ecKey, 'rsa'),
  ]
  const users = usersWith({}, { pause: 0 })
  expect(await users.verify(tokenOf(claims(), { alg: 'PS256', kid: 'rsa' }))).toMatchObject({ id: ann })
  expect(await users.verify(tokenOf(claims(), { alg: 'ES256', kid: 'rsa' }))).toMatchObject({ id: ann })
  for (const header of [
    { alg: 'RS256', kid: 'rsa' },
    { alg: 'ES256', kid: 'ec' },
    { alg: 'ES256', kid: 'broken' },
  ]) {
    await expect(users.verify(tokenOf(claims(), header))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  }
})

describe('who is an admin', () => {
  const roleOf = async (env: Record<string, string>, more: Record<string, unknown>) =>
    (await usersWith(env).verify(tokenOf(claims(more)))).role
  const flat = { OIDC_ROLE_CLAIM: 'https://shop.example/roles', OIDC_ADMIN_VALUE: 'shop-admin' }
  const nested = { OIDC_ROLE_CLAIM: '/realm_access/roles', OIDC_ADMIN_VALUE: 'shop-admin' }
  const escaped = { OIDC_ROLE_CLAIM: '/a~1b/m~0n', OIDC_ADMIN_VALUE: 'shop-admin' }

  test.each<[string, Record<string, string>, Record<string, unknown>, string]>([
    ['a text', flat, { 'https://shop.example/roles': 'shop-admin' }, 'ADMIN'],
    ['a list', flat, { 'https://shop.example/roles': ['x', 'shop-admin'] }, 'ADMIN'],
    ['a list within', nested, { realm_access: { roles: ['shop-admin'] } }, 'ADMIN'],
    ['a name with a slash', escaped, { 'a/b': { 'm~n': 'shop-admin' } }, 'ADMIN'],
    ['no claim', flat, {}, 'USER'],
    ['no claim within', nested, { realm_access: null }, 'USER'],
    ['another value', flat, { 'https://shop.example/roles': ['admin', 'SHOP-ADMIN'] }, 'USER'],
    ['part of a value', flat, { 'https://shop.example/roles': 'shop-admin other' }, 'USER'],
    ['something else', flat, { 'https://shop.example/roles': { 'shop-admin': true } }, 'USER'],
    [
      'other claims than the one',
      flat,
      { role: 'ADMIN', roles: ['shop-admin'], realm_access: { roles: ['shop-admin'] } },
      'USER',
    ],
    ['the name of the pointer', nested, { '/realm_access/roles': 'shop-admin', 'realm_access.roles': 'shop-admin' }, 'USER'],
    ['nothing that was named', {}, { role: 'ADMIN', roles: ['ADMIN'] }, 'USER'],
  ])('%s: %j', async (_what, env, more, role) => {
    expect(await roleOf(env, more)).toBe(role)
  })
})

test('the claims that name a user and an address can be others', async () => {
  const users = usersWith({ OIDC_USER_CLAIM: 'oid', OIDC_EMAIL_CLAIM: '/contact/mail' })
  const token = tokenOf(claims({ oid: '7', email: 'x', contact: { mail: 'ann@shop.example' } }))
  expect(await users.verify(token)).toEqual({ id: externalUserId(issuer, '7'), role: 'USER', issuer, email: 'ann@shop.example' })
  await expect(users.verify(tokenOf(claims()))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('an id is of one issuer and one name, whatever that name is', async () => {
  const local = '25dd5931-32b4-4bf5-97ec-ab5a669dba87'
  expect(ann).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(await usersWith().verify(tokenOf(claims({ sub: local })))).not.toMatchObject({ id: local })
  expect(externalUserId('https://other.example', 'ann')).not.toBe(ann)
  // How it is made is a promise: docs/configuration.md says how others make it.
  expect(externalUserId('https://login.example/', 'auth0|42')).toBe('263361b2-e9e0-8fa4-8bea-bcdc04482151')
  expect(externalUserId(`${issuer}a`, 'nn')).not.toBe(ann)
})

test("this system's own users come in as before", async () => {
  expect(await usersWith().verify(signUserToken({ id: 'bob', role: 'ADMIN' }, ownKey))).toEqual({ id: 'bob', role: 'ADMIN' })
  expect(asked).toBe(0)
})

describe('keys', () => {
  const other = ec()
  const tokenBy = (kid: string, key: KeyObject, sub = 'ann') => tokenOf(claims({ sub }), { alg: 'ES256', kid }, key)

  test('that are new are found by their first token, and such as are withdrawn count no more', async () => {
    const users = usersWith({}, { pause: 0 })
    await users.verify(tokenBy('ec', ecKey))
    published = [jwk(other, 'new')]
    expect(await users.verify(tokenBy('new', other))).toMatchObject({ id: ann })
    await expect(users.verify(tokenBy('ec', ecKey, 'bob'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('that are unknown are asked for once in a while only', async () => {
    const users = usersWith({}, { pause: 60_000 })
    await users.verify(tokenBy('ec', ecKey))
    const forged = Array.from({ length: 50 }, async (_, index) => users.verify(tokenBy(`forged ${index}`, other)))
    expect((await Promise.allSettled(forged)).every(({ status }) => status === 'rejected')).toBe(true)
    expect(asked).toBe(1)
  })

  test.each(['failing', 'silent', 'endless', 'elsewhere'] as const)(
    'that are not to be had at the start (the issuer is %s) keep nobody of ours out, and are found later',
    async (how) => {
      mood = how
      const users = usersWith({}, { firstPause: 0 })
      await expect(users.verify(tokenBy('ec', ecKey))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await users.verify(signUserToken({ id: 'bob', role: 'USER' }, ownKey))).toMatchObject({ id: 'bob' })
      mood = 'well'
      expect(await users.verify(tokenBy('ec', ecKey))).toMatchObject({ id: ann })
    },
    20_000,
  )

  test('that are known go on while the issuer is away, however old they are', async () => {
    const users = usersWith({}, { keep: 0, pause: 0 })
    await users.verify(tokenBy('ec', ecKey))
    mood = 'failing'
    for (const sub of ['a', 'b', 'c']) expect(await users.verify(tokenBy('ec', ecKey, sub))).toMatchObject({ role: 'USER' })
    await expect(users.verify(tokenBy('new', other))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('beyond a hundred are not taken', async () => {
    published = Array.from({ length: 101 }, (_, index) => jwk(ecKey, `ec${index}`))
    await expect(usersWith().verify(tokenBy('ec0', ecKey))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(toJwk(createPublicKey(ecKey))).toMatchObject({ kty: 'EC' })
  })
})

test('what was said of a user is looked at again before the token ends', async () => {
  const users = usersWith()
  const token = tokenOf(claims({ exp: now() + 86_400 }))
  await users.verify(token)
  const spy = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 301_000)
  // A promise: it was not remembered any more.
  const again = users.verify(token)
  spy.mockRestore()
  expect(again).toBeInstanceOf(Promise)
  expect(await again).toMatchObject({ id: ann })
})

test.each([
  [{ OIDC_ISSUER: issuer }, 'OIDC_ISSUER, OIDC_JWKS_URL and OIDC_AUDIENCE'],
  [{ OIDC_JWKS_URL: 'https://login.shop.example/keys', OIDC_AUDIENCE: audience }, 'OIDC_ISSUER, OIDC_JWKS_URL and OIDC_AUDIENCE'],
  [{ OIDC_ROLE_CLAIM: 'roles', OIDC_ADMIN_VALUE: 'admin' }, 'OIDC_ISSUER, OIDC_JWKS_URL and OIDC_AUDIENCE'],
  [{ ...complete(), OIDC_ISSUER: userIssuer }, 'OIDC_ISSUER: holdfast'],
  [{ ...complete(), OIDC_ROLE_CLAIM: 'roles' }, 'OIDC_ROLE_CLAIM and OIDC_ADMIN_VALUE'],
  [{ ...complete(), OIDC_ADMIN_VALUE: 'admin' }, 'OIDC_ROLE_CLAIM and OIDC_ADMIN_VALUE'],
  [{ ...complete(), OIDC_USER_CLAIM: '/a~2' }, 'OIDC_USER_CLAIM'],
  [{ ...complete(), OIDC_JWKS_URL: 'file:///etc/passwd' }, 'OIDC_JWKS_URL'],
])('a start with %j is refused', (env, message) => {
  expect(() => openExternalIssuer(readConfig(externalIssuerShape, env), log)).toThrow(message)
})

test('without any of it there is no other issuer', () => {
  expect(openExternalIssuer(readConfig(externalIssuerShape, {}), log)).toBeUndefined()
})

function complete(): Record<string, string> {
  return { OIDC_ISSUER: issuer, OIDC_JWKS_URL: 'https://login.shop.example/keys', OIDC_AUDIENCE: audience }
}
