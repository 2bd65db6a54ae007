import { invalidField } from './errors'

const earliest = Date.parse('0001-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * A time from a request: JSON is checked on its way in, but on the wire seconds are any 64 bits, also what no Date can hold.
 * @throws INVALID_ARGUMENT outside the years 1 to 9999, as google.protobuf.Timestamp has it
 */
export function checkTime(field: string, time: Date): Date {
  const ms = time.getTime()
  if (!(ms >= earliest && ms <= latest)) throw invalidField(field, 'must be a time in the years 1 to 9999')
  return time
}
