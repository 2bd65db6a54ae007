import { invalidField } from '@holdfast/service'

/** RFC 5321: most characters of an address. */
const longest = 254

/** What may be an address; whether there is such a mailbox only a letter could tell. */
const pattern = /^[^\s@\p{C}]{1,64}@[^\s@.\p{C}]+(\.[^\s@.\p{C}]+)*$/u

/** An address as it is stored: one address, one user, however it was typed. @throws INVALID_ARGUMENT */
export function normaliseEmail(text: string): string {
  const email = text.trim().normalize('NFC').toLowerCase()
  if (email === '') throw invalidField('email', 'is needed')
  if (email.length > longest || !pattern.test(email)) throw invalidField('email', 'is not an e-mail address')
  return email
}
