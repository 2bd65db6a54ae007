import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { bearerToken } from './access'
import { createServiceTokens, createUserTokens, keyId, signUserToken, toJwk, userAudience, userIssuer } from './tokens'

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const publicKey = createPublicKey(privateKey)
const kid = keyId(publicKey)
const users = createUserTokens({ find: async (id) => Promise.resolve(id === kid ? publicKey : undefined) })

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = (): number => Math.floor(Date.now() / 1000)
const claims = (change: Record<string, unknown> = {}) => ({
  sub: 'somebody',
  role: 'USER',
  iss: userIssuer,
  aud: userAudience,
  iat: now(),
  exp: now() + 900,
  ...change,
})

function es256(header: Record<string, unknown>, payload: unknown, key: KeyObject = privateKey): string {
  return signed(`${part(header)}.${part(payload)}`, key)
}

function signed(input: string, key: KeyObject = privateKey): string {
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const verify = async (token: string) => users.verify(token)
const header = { alg: 'ES256', typ: 'JWT', kid }
const good = es256(header, claims())
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

test('a good token says who it is, also when it is shown again, and is remembered only until it ends', async () => {
  expect(await verify(good)).toEqual({ id: 'somebody', role: 'USER' })
  expect(users.verify(good)).toEqual({ id: 'somebody', role: 'USER' })
  expect(await verify(signUserToken({ id: 'me', role: 'ADMIN' }, privateKey))).toEqual({ id: 'me', role: 'ADMIN' })
})

test('only a claim that is exactly so lets somebody choose the strategy', async () => {
  expect(await verify(es256(header, claims({ strategy: true })))).toEqual({ id: 'somebody', role: 'USER', choosesStrategy: true })
  for (const strategy of ['true', 1, false, null]) {
    expect(await verify(es256(header, claims({ strategy })))).toEqual({ id: 'somebody', role: 'USER' })
  }
})

test.each([
  ['alg none', `${part({ alg: 'none', kid })}.${part(claims())}.`],
  ['HS256 with the public key as the secret', hs256()],
  ['a changed payload', `${good.split('.')[0]}.${part(claims({ role: 'ADMIN' }))}.${good.split('.')[2]}`],
  ['a cut signature', good.slice(0, -10)],
  ['no signature', `${good.split('.').slice(0, 2).join('.')}.`],
  ['another audience', es256(header, claims({ aud: 'another' }))],
  ['another issuer', es256(header, claims({ iss: 'another' }))],
  ['an end that is past', es256(header, claims({ exp: now() - 60 }))],
  ['no end', es256(header, { ...claims(), exp: undefined })],
  ['a role that is none', es256(header, claims({ role: 'ROOT' }))],
  ['no user', es256(header, claims({ sub: undefined }))],
  ["another's key", es256(header, claims(), otherKey)],
  ['an unknown key id', es256({ ...header, kid: 'unknown' }, claims())],
  ['no key id', es256({ alg: 'ES256' }, claims())],
  ['a beginning that is not yet', es256(header, claims({ nbf: now() + 600 }))],
  ['more of it than any has', es256(header, claims({ padding: 'x'.repeat(5_000) }))],
  ['nonsense', 'a.b.c'],
  ['a payload that is no JSON', signed(`${part(header)}.AAAA`)],
  ['a header that is no JSON', signed(`AAAA.${part(claims())}`)],
  ['a payload of null', signed(`${part(header)}.${part(null)}`)],
  ['another spelling of its signature', respelt(good)],
])('a token with %s is refused', async (_what, token) => {
  await expect(verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

/** The same bytes, by bits of the last character that stand for none. */
function respelt(token: string): string {
  const last = { A: 'B', Q: 'R', g: 'h', w: 'x' }[token.slice(-1)] ?? ''
  return `${token.slice(0, -1)}${last}`
}

test('a token that is remembered does not keep the header that it stood in', async () => {
  setFlagsFromString('--expose_gc')
  const heapAfterGc = (): number => {
    runInNewContext('gc()')
    return process.memoryUsage().heapUsed
  }
  const before = heapAfterGc()
  for (let i = 0; i < 1_000; i++) {
    await verify(bearerToken(`Bearer${' '.repeat(32_000)}${es256(header, claims({ sub: `user ${i}` }))}`))
  }
  expect(heapAfterGc() - before).toBeLessThan(16_000_000)
})

function hs256(): string {
  const input = `${part({ alg: 'HS256', kid })}.${part(claims())}`
  const secret = publicKey.export({ type: 'spki', format: 'pem' })
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

test('a published key has its thumbprint as its name and no private part', () => {
  expect(toJwk(publicKey)).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid })
  expect(toJwk(publicKey)).not.toHaveProperty('d')
})

describe('service tokens', () => {
  const pem = (key: KeyObject): string =>
    key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString()
  const publicKeys = { order: pem(publicKey), reservation: pem(createPublicKey(otherKey)) }
  const order = createServiceTokens('order', pem(privateKey), publicKeys)
  const reservation = createServiceTokens('reservation', pem(otherKey), publicKeys)
  const inventory = createServiceTokens('inventory', pem(privateKey), publicKeys)

  test('name their caller', () => {
    expect(inventory.verify(order.issueFor('inventory'))).toBe('order')
    expect(inventory.verify(reservation.issueFor('inventory'))).toBe('reservation')
  })

  test('are for one service alone', () => {
    expect(() => inventory.verify(order.issueFor('reservation'))).toThrow('token')
  })

  test('live for a minute, name whom they are for and nobody as a user', () => {
    const payload = JSON.parse(Buffer.from(order.issueFor('inventory').split('.')[1] ?? '', 'base64url').toString()) as {
      iat: number
      exp: number
    }
    expect(payload).toEqual({ iss: 'order', aud: 'inventory', iat: payload.iat, exp: payload.iat + 60 })
  })

  test('that have ended, or are no such token at all, are refused', () => {
    const made = (change: object) =>
      es256({ alg: 'ES256' }, { iss: 'order', aud: 'inventory', iat: now(), exp: now() + 60, ...change })
    expect(inventory.verify(made({}))).toBe('order')
    for (const change of [
      { exp: now() - 60 },
      { exp: undefined },
      { exp: now() + 3_600 },
      { nbf: now() + 60 },
      { iss: 'gateway' },
      { aud: ['order'] },
    ]) {
      expect(() => inventory.verify(made(change))).toThrow('token')
    }
    // A user's token is not a service's, nor is a service's a user's.
    expect(() => inventory.verify(good)).toThrow('token')
    expect(() => inventory.verify(made({ padding: 'x'.repeat(5_000) }))).toThrow('token')
  })

  test('are good by either key of a service whose key is changed, and by the old one no more when that is taken away', () => {
    const nextKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const next = createServiceTokens('order', pem(nextKey), publicKeys)
    const nextPem = pem(createPublicKey(nextKey))
    const both = createServiceTokens('inventory', pem(privateKey), { ...publicKeys, order: `${publicKeys.order}${nextPem}` })
    expect(both.verify(order.issueFor('inventory'))).toBe('order')
    expect(both.verify(next.issueFor('inventory'))).toBe('order')
    expect(() => both.verify(reservation.issueFor('order'))).toThrow('token')
    const after = createServiceTokens('inventory', pem(privateKey), { ...publicKeys, order: nextPem })
    expect(after.verify(next.issueFor('inventory'))).toBe('order')
    expect(() => after.verify(order.issueFor('inventory'))).toThrow('token')
  })

  test("can not be made with another's key", () => {
    const forger = createServiceTokens('reservation', pem(privateKey), publicKeys)
    expect(() => inventory.verify(forger.issueFor('inventory'))).toThrow('token')
    expect(() => inventory.verify(createServiceTokens('nobody', pem(privateKey), publicKeys).issueFor('inventory'))).toThrow(
      'token',
    )
    for (const token of [
      'nonsense',
      signed(`${part({ alg: 'ES256', typ: 'JWT' })}.AAAA`),
      respelt(order.issueFor('inventory')),
    ]) {
      expect(() => inventory.verify(token)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }) as Error)
    }
  })
})
