import { invalidField } from './errors'

/** A cursor: the sort key of the last row of a page, opaque to clients. */
export function encodePageToken(key: readonly (string | number | bigint)[]): string {
  return Buffer.from(JSON.stringify(key.map(String))).toString('base64url')
}

/** @returns the sort key's parts, or undefined for the first page. @throws INVALID_ARGUMENT for what is no token of ours */
export function decodePageToken(token: string, parts: readonly RegExp[]): string[] | undefined {
  if (token === '') return undefined
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (Array.isArray(key) && key.length === parts.length) {
      const values = key.map(String)
      if (values.every((value, index) => parts[index]?.test(value) === true)) return values
    }
  } catch {
    // Not JSON: not a token of ours.
  }
  throw invalidField('pageToken', 'is not a page token of this list')
}

/** How many rows a page has. @throws INVALID_ARGUMENT outside 0 (the default) to `max` */
export function pageSize(asked: number, max: number, fallback = 50): number {
  if (!Number.isInteger(asked) || asked < 0 || asked > max) throw invalidField('pageSize', `must be from 1 to ${max}`)
  return asked === 0 ? fallback : asked
}
