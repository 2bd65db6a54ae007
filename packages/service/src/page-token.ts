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

/** What the rows of a page come to at most, in bytes of JSON: well below what one message may have. */
const maxPageBytes = 3_000_000

/**
 * Cuts a page out of rows that were read one more than it may have; it gets fewer where more would not fit one message.
 * @param size most rows
 * @param bytesOf what may be long of a row, in bytes of JSON
 * @returns `last` names the row after which the next page begins; undefined: there is no more
 */
export function cutPage<Row>(
  rows: readonly Row[],
  size: number,
  bytesOf: (row: Row) => number,
): { page: Row[]; last: Row | undefined } {
  let bytes = 0
  const tooMany = rows.findIndex((row, index) => (bytes += bytesOf(row)) > maxPageBytes && index > 0)
  const page = rows.slice(0, tooMany < 0 ? size : Math.min(size, tooMany))
  return { page, last: rows.length > page.length ? page.at(-1) : undefined }
}
