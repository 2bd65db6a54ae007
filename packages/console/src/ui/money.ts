import type { Money } from '@holdfast/client'

/** In the reader's own way: `$1,299.99`. Exact however large: the amount is never a floating-point number. */
export function moneyText(money: Money | undefined): string {
  if (money === undefined) return ''
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency: money.currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  const minor = BigInt(money.amountMinor)
  const sign = minor < 0n ? '-' : ''
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0')
  const decimal = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  return format.format(`${sign}${decimal}` as `${number}`)
}

/** What some units cost together; undefined where a price is not known. */
export function totalOf(lines: readonly { quantity: number; unitPrice?: Money }[]): Money | undefined {
  const [first] = lines
  if (first?.unitPrice === undefined) return undefined
  const sum = lines.reduce((total, line) => total + BigInt(line.quantity) * BigInt(line.unitPrice?.amountMinor ?? 0), 0n)
  return { currency: first.unitPrice.currency, amountMinor: sum.toString() }
}

/** The same where prices may be in several currencies: `$12.00 + €3.00`. Undefined where a price is not known. */
export function totalText(lines: readonly { quantity: number; unitPrice?: Money }[]): string | undefined {
  if (lines.some(({ unitPrice }) => unitPrice === undefined)) return undefined
  const currencies = [...new Set(lines.map(({ unitPrice }) => unitPrice?.currency))]
  const sumIn = (currency: string | undefined) => totalOf(lines.filter(({ unitPrice }) => unitPrice?.currency === currency))
  return currencies.map((currency) => moneyText(sumIn(currency))).join(' + ')
}
