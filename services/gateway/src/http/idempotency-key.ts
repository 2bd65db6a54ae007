import type { IncomingHttpHeaders } from 'node:http'

import { checkKey, invalidField } from '@holdfast/service'

/**
 * The key of a request that may be repeated: bare, or as the quoted string of the header's draft standard
 * (draft-ietf-httpapi-idempotency-key-header). `X-Idempotency-Key` is the same header.
 * @throws INVALID_ARGUMENT for what is no key, or two that differ
 */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = parseKey(headers['idempotency-key'])
  const alias = parseKey(headers['x-idempotency-key'])
  if (key !== undefined && alias !== undefined && key !== alias)
    throw invalidField('Idempotency-Key', 'differs from X-Idempotency-Key')
  return key ?? alias
}

function parseKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = String(header).trim()
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]
  return checkKey(quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1'))
}
