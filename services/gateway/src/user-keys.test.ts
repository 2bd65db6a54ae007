import { generateKeyPairSync } from 'node:crypto'

import { createUserTokens, signUserToken, splitPems } from '@holdfast/service'

import { createUserKeys } from './user-keys'

function newPair(curve = 'P-256'): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

const old = newPair()
const current = newPair()

test('tokens of the key before are good as long as its public part is kept', async () => {
  const token = signUserToken({ id: 'u1', role: 'USER' }, createUserKeys(old.privatePem).signing)
  const keeping = createUserTokens(createUserKeys(current.privatePem, [old.publicPem]))
  expect(await keeping.verify(token)).toEqual({ id: 'u1', role: 'USER' })
  const forgetting = createUserTokens(createUserKeys(current.privatePem))
  await expect(Promise.resolve().then(async () => forgetting.verify(token))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('what is published has no private part, and the signing key comes first', () => {
  const keys = createUserKeys(current.privatePem, [old.publicPem])
  const published = keys.jwks().keys
  expect(published).toHaveLength(2)
  for (const key of published) {
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    expect(key).not.toHaveProperty('d')
  }
  expect(published[0]).toEqual(createUserKeys(current.privatePem).jwks().keys[0])
})

test('several keys in one setting are told apart, however they are written', () => {
  const both = [old.publicPem, current.publicPem].map((pem) => pem.trim())
  expect(splitPems(both.join('\n'))).toEqual(both)
  expect(splitPems(JSON.stringify([old.publicPem, current.publicPem]))).toEqual(both)
  expect(splitPems('nothing')).toEqual([])
})

test('a key of another kind stops the start with the name of its setting', () => {
  expect(() => createUserKeys(newPair('P-384').privatePem)).toThrow('JWT_PRIVATE_KEY: must be an EC key on P-256')
  expect(() => createUserKeys('-----BEGIN NOTHING-----')).toThrow('JWT_PRIVATE_KEY: is not a key')
  expect(() => createUserKeys(current.privatePem, [newPair('P-384').publicPem])).toThrow('JWT_PREVIOUS_PUBLIC_KEYS')
})
