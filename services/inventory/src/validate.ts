/** What a field may hold; each check answers the value in its one form or names the field. */
import type { Money } from '@holdfast/contracts/common'
import { HoldfastError, invalidField } from '@holdfast/service'

export const defaultWarehouse = 'MAIN'
export const mostLines = 500
export const mostItems = 1_000
export const mostUnits = 1_000_000_000

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

export function warehouseOrDefault(field: string, value: string): string {
  return value === '' ? defaultWarehouse : checkWarehouse(field, value)
}

/** Text without control characters, trimmed. */
export function checkText(field: string, value: string, min: number, max: number): string {
  const text = value.trim()
  if (text.length < min || text.length > max) throw invalidField(field, `must be ${min} to ${max} characters`)
  if (/[^\P{Cc}\t\n\r]/u.test(text)) throw invalidField(field, 'must not hold control characters')
  return text
}

export function checkMoney(field: string, value: Money | undefined): Money {
  if (value === undefined) throw invalidField(field, 'is needed')
  if (!/^[A-Z]{3}$/.test(value.currency)) throw invalidField(`${field}.currency`, 'must be an ISO 4217 code, as USD')
  if (value.amountMinor < 0n || value.amountMinor > 1_000_000_000_000n) {
    throw invalidField(`${field}.amountMinor`, 'must be from 0 to 1000000000000')
  }
  return value
}

export function checkUnits(field: string, value: number, min: number, max = mostUnits): number {
  if (!Number.isInteger(value) || value < min || value > max) throw invalidField(field, `must be from ${min} to ${max}`)
  return value
}

/** @throws PRECONDITION_FAILED when a change is meant for another version of a thing than it is at */
export function checkVersion(thing: string, current: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== current) {
    throw new HoldfastError('PRECONDITION_FAILED', `${thing} is at version ${current}, not ${expected}`)
  }
}

/** @throws IDEMPOTENCY_KEY_REUSED when what was remembered was made by another request */
export function checkFingerprint(remembered: string, asked: string): void {
  if (remembered !== asked) throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
}
