/** Signatures of Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0), scheme v1. */
import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'
const secretBytes = 32

export function newSecret(): string {
  return prefix + randomBytes(secretBytes).toString('base64')
}

/**
 * The headers of one try.
 * @param id the same at each try of one event, by which a receiver knows a repeat
 * @param secrets one signature each, so that a receiver may have either during a rotation
 * @param at of this try: receivers refuse what is too old
 */
export function signedHeaders(id: string, body: string, secrets: readonly string[], at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const sign = (secret: string) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  }
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': secrets.map(sign).join(' ') }
}
