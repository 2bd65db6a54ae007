/** Messages signed as Standard Webhooks says (https://www.standardwebhooks.com, scheme v1); the library does what is secret about it. */
import { isUtf8 } from 'node:buffer'

import { HoldfastError } from '@holdfast/service'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

import type { SignedMessage } from './provider'

/** `whsec_` and 24 to 64 bytes in base64, as the specification has it. */
const secretForm = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Of a configuration: secrets with spaces or commas between them, the newest first; none when it is missing. */
export const webhookSecrets = () =>
  z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ''))
    // Never with the value: it is told in the log.
    .refine((secrets) => secrets.every(isSecret), 'must be secrets as whsec_ and 24 to 64 bytes in base64')

function isSecret(text: string): boolean {
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64')
  return secretForm.test(text) && length >= 24 && length <= 64
}

/** The headers of one try. @param secrets one signature each, so that a receiver may have either during a rotation */
export function signMessage(id: string, body: string, secrets: readonly string[], at: Date): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  }
}

/**
 * The body of a message, as text.
 * @param secrets any of them is good
 * @throws UNAUTHENTICATED unless it was signed with one of them within five minutes
 */
export function verifiedBody({ id, timestamp, signature, body }: SignedMessage, secrets: readonly string[]): string {
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  // Text is what is signed: of bytes that are none the library would see another.
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined
  const isGood = (secret: string): boolean => {
    try {
      if (text === undefined) return false
      new Webhook(secret).verify(text, headers, { jsonParse: false })
      return true
    } catch {
      return false
    }
  }
  if (text === undefined || !secrets.some(isGood)) {
    const wanted =
      'webhook-id, webhook-timestamp and webhook-signature have to be those of Standard Webhooks, not five minutes old'
    throw new HoldfastError('UNAUTHENTICATED', `The message is not signed by the payment provider: ${wanted}`)
  }
  return text
}
