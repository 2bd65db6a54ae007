import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import { ConfigError, keyId, type KeySource, toJwk } from '@holdfast/service'

/** The keys of users' tokens: one signs, it and its predecessors verify. */
export interface UserKeys extends KeySource {
  signing: KeyObject
  /** What is published, as RFC 7517 has it; the signing key's part first. */
  jwks(): { keys: JsonWebKey[] }
}

/**
 * @param privatePem ES256, which is ECDSA on P-256
 * @param previousPems public keys of tokens that are still about, after a change of the key
 * @throws ConfigError for what is no such key
 */
export function createUserKeys(privatePem: string, previousPems: readonly string[] = []): UserKeys {
  const signing = readKey('JWT_PRIVATE_KEY', () => createPrivateKey(privatePem))
  const previous = previousPems.map((pem) => readKey('JWT_PREVIOUS_PUBLIC_KEYS', () => createPublicKey(pem)))
  const publicKeys = new Map([createPublicKey(signing), ...previous].map((key) => [keyId(key), key]))
  const jwks = { keys: [...publicKeys.values()].map(toJwk) }
  return {
    signing,
    find: async (kid) => Promise.resolve(publicKeys.get(kid)),
    jwks: () => jwks,
  }
}

function readKey(name: string, read: () => KeyObject): KeyObject {
  let key: KeyObject
  try {
    key = read()
  } catch (error) {
    throw new ConfigError(`${name}: is not a key in PEM (${error instanceof Error ? error.message : String(error)})`)
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new ConfigError(`${name}: must be an EC key on P-256, for ES256`)
  return key
}
