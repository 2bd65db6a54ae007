import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { readOrMake } from './private-file'
import { allServiceNames, demoName, type ServiceName } from './services'

/** PEM texts, ES256 (P-256), but for the secret. */
export interface Keys {
  /** The gateway signs users' tokens with it. */
  userTokenKey: string
  /** Each service's own, for its tokens to others. */
  servicePrivateKeys: Record<ServiceName, string>
  /** What the others check them with. */
  servicePublicKeys: Record<ServiceName, string>
  /** Of the flash-sale room, where there is one. */
  demoPrivateKey?: string
  /** The simulated payment provider and the order service have it in common: `whsec_…`. */
  paymentCallbackSecret: string
}

/** The keys kept in a folder; made the first time, readable by their owner only. */
export async function loadKeys(folder: string, { demo = false }: { demo?: boolean } = {}): Promise<Keys> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const load = async (name: string) => readOrMake(join(folder, `${name}.pem`), makePrivateKey)
  const entries = await Promise.all(allServiceNames.map(async (name) => [name, await load(name)] as const))
  const servicePrivateKeys = Object.fromEntries(entries) as Record<ServiceName, string>
  const publicEntries = entries.map(([name, key]) => [name, publicKeyOf(key)] as const)
  return {
    userTokenKey: await load('user-tokens'),
    servicePrivateKeys,
    servicePublicKeys: Object.fromEntries(publicEntries) as Record<ServiceName, string>,
    ...(demo && { demoPrivateKey: await load(demoName) }),
    paymentCallbackSecret: await readOrMake(join(folder, 'payment-callbacks.secret'), makeWebhookSecret),
  }
}

/** A new ES256 key (PKCS #8, PEM). */
export function makePrivateKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** A new secret for signatures of Standard Webhooks. */
export function makeWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** The public half of a key (SPKI, PEM). */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString()
}
