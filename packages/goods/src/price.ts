/** Prices as people write them, to and from the minor units of their currency. */
import { invalidField } from '@holdfast/service'

import { decimalPlaces } from './currencies'

/**
 * @param text as `12.50`, `12.5` or `12`: a point, and nothing between thousands
 * @throws INVALID_ARGUMENT for what is no such number, or has more places than the currency
 */
export function readPrice(field: string, text: string, currency: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,13})(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined) throw invalidField(field, 'must be a number with a point, as 12.50')
  const places = decimalPlaces(currency)
  if (fraction.length > places) throw invalidField(field, `has more than the ${places} decimal places of ${currency}`)
  return BigInt(whole + fraction.padEnd(places, '0'))
}

export function writePrice(amountMinor: bigint, currency: string): string {
  const places = decimalPlaces(currency)
  if (places === 0) return String(amountMinor)
  const digits = String(amountMinor).padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}
