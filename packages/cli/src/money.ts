import type { Money } from '@holdfast/client'
import { decimalPlaces } from '@holdfast/goods/currencies'

/** An amount as people write it: `1299.99 USD`, with as many digits as its currency has. */
export function showMoney({ currency, amountMinor }: Money): string {
  const digits = decimalPlaces(currency.toUpperCase())
  const text = amountMinor.replace('-', '').padStart(digits + 1, '0')
  const sign = amountMinor.startsWith('-') ? '-' : ''
  const whole = text.slice(0, text.length - digits)
  return `${sign}${digits === 0 ? whole : `${whole}.${text.slice(-digits)}`} ${currency}`
}

/**
 * The other way round; no currency: USD. Nothing is rounded.
 * @returns undefined for what is no amount
 */
export function readMoney(text: string): Money | undefined {
  const [, whole, fraction = '', currency = 'USD'] = /^(\d{1,15})(?:\.(\d+))? ?([A-Za-z]{3})?$/.exec(text.trim()) ?? []
  if (whole === undefined) return undefined
  const digits = decimalPlaces(currency.toUpperCase())
  if (fraction.length > digits) return undefined
  return { currency: currency.toUpperCase(), amountMinor: BigInt(whole + fraction.padEnd(digits, '0')).toString() }
}
