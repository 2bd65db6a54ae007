import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { jwksKeys, type JwksTimes } from './jwks'
import { createUserTokens, keyId, signUserToken, toJwk } from './tokens'

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const publish = (...keys: KeyObject[]) => keys.map((key) => toJwk(createPublicKey(key)) as object)

let server: Server
let url: string
let published: object[]
let asked: number
/** What the issuer answers, for as long as it is well. */
let well: boolean

beforeEach(async () => {
  asked = 0
  well = true
  server = createServer((_request, response) => {
    asked++
    response.writeHead(well ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
})
afterEach(() => server.close())

const tokens = (times: Partial<JwksTimes>) => createUserTokens(jwksKeys(url, { times }))
const tokenOf = (key: KeyObject, id = 'somebody') => signUserToken({ id, role: 'USER' }, key)

test('a key that is new is taken up by its first token, and the tokens of the old one live on while it is published', async () => {
  const [old, next] = [newKey(), newKey()]
  published = publish(old)
  const users = tokens({ pause: 0 })
  expect(await users.verify(tokenOf(old))).toMatchObject({ id: 'somebody' })
  published = publish(next, old)
  expect(await users.verify(tokenOf(next))).toMatchObject({ id: 'somebody' })
  expect(await users.verify(tokenOf(old, 'another'))).toMatchObject({ id: 'another' })
  expect(asked).toBe(2)
  // And when it is published no more, no token of it is taken that was not seen before.
  published = publish(next)
  await expect(users.verify(tokenOf(newKey()))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(users.verify(tokenOf(old, 'third'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('however many unknown key ids come, the issuer is asked once in a while', async () => {
  const key = newKey()
  published = publish(key)
  const users = tokens({ pause: 60_000 })
  await users.verify(tokenOf(key))
  const forged = await Promise.allSettled(Array.from({ length: 50 }, async () => users.verify(tokenOf(newKey()))))
  expect(forged.filter(({ status }) => status === 'rejected')).toHaveLength(50)
  expect(asked).toBe(1)
})

test('many who come first wait for one answer', async () => {
  const key = newKey()
  published = publish(key)
  const users = tokens({})
  await Promise.all(Array.from({ length: 50 }, async (_, index) => users.verify(tokenOf(key, `user ${index}`))))
  expect(asked).toBe(1)
})

test('known keys go on when the issuer is away, however old they are', async () => {
  const key = newKey()
  published = publish(key)
  const users = tokens({ keep: 0, pause: 0 })
  await users.verify(tokenOf(key))
  well = false
  for (let i = 0; i < 5; i++) expect(await users.verify(tokenOf(key, `user ${i}`))).toMatchObject({ id: `user ${i}` })
  await expect(users.verify(tokenOf(newKey()))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('without any keys nobody is told that their token is wrong, and the issuer is found when it comes', async () => {
  const key = newKey()
  published = publish(key)
  well = false
  const users = tokens({ firstPause: 0 })
  await expect(users.verify(tokenOf(key))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  well = true
  expect(await users.verify(tokenOf(key))).toMatchObject({ id: 'somebody' })
})

test('keys of other kinds are left aside, also one with the name of ours', async () => {
  const key = newKey()
  const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { publicKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const kid = keyId(createPublicKey(key))
  published = [
    { ...rsa.export({ format: 'jwk' }), kid: 'rsa' },
    { ...p384.export({ format: 'jwk' }), kid: 'p384' },
    { kty: 'oct', k: 'c2VjcmV0', kid },
  ]
  const users = tokens({ pause: 0 })
  await expect(users.verify(tokenOf(key))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  published = [...published, ...publish(key)]
  await new Promise((resolve) => setImmediate(resolve))
  expect(await tokens({}).verify(tokenOf(key))).toMatchObject({ id: 'somebody' })
})
