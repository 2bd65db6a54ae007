import { longTtlSeconds } from './caller'
import type { LoadTask, Phase, Target } from './task'

/** Makes one HTTP request after the other: a unit of the next SKU, for the next user, with a key of its own. */
export function createRequests(
  { url, body }: Pick<Extract<Target, { kind: 'http' }>, 'url' | 'body'>,
  task: Pick<LoadTask, 'tokens' | 'keyPrefix' | 'strategy'>,
  { skus, ttlSeconds = longTtlSeconds }: Pick<Phase, 'skus' | 'ttlSeconds'>,
  phase: number,
): () => string {
  const { host, pathname } = new URL(url)
  const heads = (task.tokens.length > 0 ? task.tokens : [undefined]).map((token) =>
    [
      `POST ${pathname === '/' ? '/v1/reservations' : pathname} HTTP/1.1`,
      `host: ${host}`,
      'content-type: application/json',
      ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
      `idempotency-key: ${task.keyPrefix}-${phase}-`,
    ].join('\r\n'),
  )
  const usual = body ?? JSON.stringify({ lines: [{ sku: '$SKU', quantity: 1 }], ttlSeconds })
  const template = task.strategy === undefined ? usual : usual.replace(/}$/, `,"strategy":"${task.strategy}"}`)
  const tails = skus.map((sku) => {
    const text = template.replace('$SKU', sku)
    return `\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  })
  let made = 0
  return () => {
    const request = `${heads[made % heads.length]}${made}${tails[made % tails.length]}`
    made++
    return request
  }
}
