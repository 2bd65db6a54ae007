import type { LoadTask } from './task'

/** A long life: nothing may lapse while it is measured. In seconds. */
const longTtlSeconds = 7_200

/** Makes one HTTP request after the other: a unit of the next SKU, for the next user, with a key of its own. */
export function createRequests(
  task: Pick<LoadTask, 'url' | 'tokens' | 'keyPrefix'>,
  skus: string[],
  phase: number,
  ttlSeconds = longTtlSeconds,
): () => string {
  const { host } = new URL(task.url)
  const heads = (task.tokens.length > 0 ? task.tokens : [undefined]).map((token) =>
    [
      'POST /v1/reservations HTTP/1.1',
      `host: ${host}`,
      'content-type: application/json',
      ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
      `idempotency-key: ${task.keyPrefix}-${phase}-`,
    ].join('\r\n'),
  )
  const tails = skus.map((sku) => {
    const body = JSON.stringify({ lines: [{ sku, quantity: 1 }], ttlSeconds })
    return `\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  })
  let made = 0
  return () => {
    const request = `${heads[made % heads.length]}${made}${tails[made % tails.length]}`
    made++
    return request
  }
}
