/** What the fields of products and stock may hold; each check answers the value in its one form or names the field. */
import type { Money } from '@holdfast/contracts/common'
import type { BundlePart } from '@holdfast/contracts/inventory'
import { invalidField } from '@holdfast/service'

/** Of one level. */
export const mostUnits = 1_000_000_000
/** The highest threshold that a product may have for being low, in units. */
export const mostLowStock = 1_000_000
/** The highest limit that a product may have for each shopper, in units. */
export const mostPerShopper = 1_000_000
const mostParts = 50
/** Units of a part in one bundle. */
const mostOfAPart = 1_000

export function checkSku(field: string, value: string): string {
  if (value === '') throw invalidField(field, 'is needed')
  // The pattern first: upper-casing makes ASCII of some letters that are not.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
    throw invalidField(field, 'must be 1 to 64 of A-Z 0-9 . _ -, beginning with a letter or digit')
  }
  return value.toUpperCase()
}

export function checkWarehouse(field: string, value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(value)) {
    throw invalidField(field, 'must be 1 to 32 of A-Z 0-9 _ -, beginning with a letter or digit')
  }
  return value.toUpperCase()
}

/** Text without control characters, trimmed. */
export function checkText(field: string, value: string, min: number, max: number): string {
  const text = value.trim()
  if (text.length < min || text.length > max) throw invalidField(field, `must be ${min} to ${max} characters`)
  if (/[^\P{Cc}\t\n\r]/u.test(text)) throw invalidField(field, 'must not hold control characters')
  return text
}

export const checkName = (field: string, value: string): string => checkText(field, value, 1, 200)
export const checkDescription = (field: string, value: string): string => checkText(field, value, 0, 5_000)

export function checkCurrency(field: string, value: string): string {
  if (!/^[A-Z]{3}$/.test(value)) throw invalidField(field, 'must be an ISO 4217 code, as USD')
  return value
}

export function checkMoney(field: string, value: Money | undefined): Money {
  if (value === undefined) throw invalidField(field, 'is needed')
  checkCurrency(`${field}.currency`, value.currency)
  if (value.amountMinor < 0n || value.amountMinor > 1_000_000_000_000n) {
    throw invalidField(`${field}.amountMinor`, 'must be from 0 to 1000000000000')
  }
  return value
}

export function checkUnits(field: string, value: number, min: number, max = mostUnits): number {
  if (!Number.isInteger(value) || value < min || value > max) throw invalidField(field, `must be from ${min} to ${max}`)
  return value
}

/** By SKU. @param sku of the bundle @throws INVALID_ARGUMENT that names what is wrong */
export function checkParts(sku: string, asked: readonly BundlePart[]): BundlePart[] {
  if (asked.length > mostParts) throw invalidField('parts', `must be at most ${mostParts}`)
  const parts = asked.map((part, index) => ({
    sku: checkSku(`parts[${index}].sku`, part.sku),
    quantity: checkUnits(`parts[${index}].quantity`, part.quantity, 1, mostOfAPart),
  }))
  parts.forEach((part, index) => {
    const field = `parts[${index}].sku`
    if (part.sku === sku) throw invalidField(field, 'is the bundle itself')
    if (parts.findIndex((other) => other.sku === part.sku) < index) throw invalidField(field, 'is named twice')
  })
  return parts.sort((a, b) => (a.sku < b.sku ? -1 : 1))
}
