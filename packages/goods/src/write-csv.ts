import { stringify } from 'csv-stringify/sync'

/** Lines of a file by RFC 4180, each with its CRLF. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], { record_delimiter: 'windows' })
}
