import { statusOf, whyNotActive } from './reservation'

const row = {
  id: 'r',
  userId: 'u',
  fingerprint: 'f',
  lines: [],
  expiresAt: new Date(0),
  ttlSeconds: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  version: 1,
  holdVersion: 1,
  linesVersion: 1,
  fills: 0,
}

test('what is past its time reads as EXPIRED, unless it ended otherwise', () => {
  expect(statusOf({ ...row, status: 'ACTIVE', due: false })).toBe('ACTIVE')
  expect(statusOf({ ...row, status: 'ACTIVE', due: true })).toBe('EXPIRED')
  expect(statusOf({ ...row, status: 'COMMITTED', due: true })).toBe('COMMITTED')
  expect(statusOf({ ...row, status: 'CANCELLED', due: true })).toBe('CANCELLED')
})

test('a change of what is over says how it ended', () => {
  expect(whyNotActive({ ...row, status: 'ACTIVE', due: true }).code).toBe('RESERVATION_EXPIRED')
  expect(whyNotActive({ ...row, status: 'EXPIRED', due: true }).code).toBe('RESERVATION_EXPIRED')
  expect(whyNotActive({ ...row, status: 'COMMITTED', due: false }).code).toBe('RESERVATION_NOT_ACTIVE')
})
