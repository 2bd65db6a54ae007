import { Hold_State } from '@holdfast/contracts/inventory'
import * as fc from 'fast-check'

import type { ReservationRow } from './reservation'
import { type HoldNews, lostHold, takeOver } from './take-over'

const now = new Date(10_000)
const row: ReservationRow = {
  id: 'r',
  userId: 'u',
  status: 'ACTIVE',
  fingerprint: 'f',
  lines: [],
  expiresAt: new Date(20_000),
  ttlSeconds: 10,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  version: 4,
  holdVersion: 7,
  linesVersion: 1,
  fills: 0,
  due: false,
}
const hold = (more: Partial<HoldNews>): HoldNews => ({
  id: 'r',
  state: Hold_State.HELD,
  expiresAt: row.expiresAt,
  baseExpiresAt: more.expiresAt ?? row.expiresAt,
  version: 8,
  lines: [],
  linesVersion: 1,
  fills: 0,
  ...more,
})

test('a later end is taken over from a newer answer only', () => {
  const later = { expiresAt: new Date(30_000) }
  expect(takeOver(row, hold(later), now)).toMatchObject({
    change: 'EXTENDED',
    row: { ...later, version: 5, holdVersion: 8, updatedAt: now },
  })
  expect(takeOver(row, hold({ ...later, version: 7 }), now)).toBeUndefined()
})

test('other lines are taken over by their own version, with whatever answer they come', () => {
  const other = {
    lines: [{ sku: 'A', warehouse: 'MAIN', quantity: 2, unitPrice: undefined, parts: [], backordered: 0 }],
    linesVersion: 2,
  }
  const kept = { linesVersion: 2, lines: [{ sku: 'A', warehouse: 'MAIN', quantity: 2 }], version: 5, holdVersion: 8 }
  expect(takeOver(row, hold(other), now)).toMatchObject({ change: 'CHANGED', row: kept })
  expect(takeOver(row, hold({ ...other, expiresAt: new Date(30_000) }), now)).toMatchObject({
    change: 'CHANGED',
    row: { ...kept, expiresAt: new Date(30_000) },
  })
  expect(takeOver(row, hold({ ...other, state: Hold_State.COMMITTED }), now)).toMatchObject({
    change: 'COMMITTED',
    row: { ...kept, status: 'COMMITTED' },
  })
  // An answer that was overtaken says nothing.
  expect(takeOver(row, hold({ ...other, version: 7 }), now)).toBeUndefined()
  expect(takeOver({ ...row, linesVersion: 3 }, hold(other), now)).toMatchObject({
    change: undefined,
    row: { linesVersion: 3, lines: [] },
  })
})

test('a newer answer that says nothing new moves only the memory of the version', () => {
  expect(takeOver(row, hold({}), now)).toEqual({ row: { ...row, holdVersion: 8 }, change: undefined })
})

test("a payment's protection is shown when the owner's own end is past, and not before", () => {
  const paying = hold({ expiresAt: new Date(90_000), baseExpiresAt: new Date(30_000) })
  const extended = takeOver(row, paying, now)
  expect(extended).toMatchObject({ change: 'EXTENDED', row: { expiresAt: new Date(30_000), holdVersion: 8, due: false } })
  if (extended === undefined) throw new Error('nothing was taken over')
  expect(takeOver(extended.row, paying, new Date(29_999))).toBeUndefined()
  // The same version tells more when it is asked later; but an older one never does.
  const past = new Date(30_000)
  const kept = takeOver(extended.row, paying, past)
  expect(kept).toMatchObject({ change: 'EXTENDED', row: { expiresAt: new Date(90_000), due: false } })
  if (kept === undefined) throw new Error('nothing was taken over')
  expect(takeOver(kept.row, paying, past)).toBeUndefined()
  expect(takeOver(extended.row, { ...paying, version: 7 }, past)).toBeUndefined()
  // And when the payment is over the reservation is.
  const over = hold({ expiresAt: new Date(30_000), version: 9 })
  expect(takeOver(kept.row, over, past)).toMatchObject({ row: { expiresAt: new Date(30_000), due: true } })
})

test('an end that comes forward again may be past', () => {
  expect(takeOver(row, hold({ expiresAt: new Date(9_000) }), now)).toMatchObject({ row: { status: 'ACTIVE', due: true } })
})

test.each([
  [Hold_State.COMMITTED, 'COMMITTED'],
  [Hold_State.RELEASED, 'CANCELLED'],
  [Hold_State.EXPIRED, 'EXPIRED'],
])('%s makes it %s, whatever its version: a hold ends once', (state, status) => {
  for (const version of [8, 7, 1]) {
    expect(takeOver(row, hold({ state, version }), now)).toMatchObject({ change: status, row: { status, version: 5 } })
  }
})

test('a lost hold is the end', () => {
  expect(takeOver(row, lostHold(row), now)).toMatchObject({ change: 'EXPIRED', row: { expiresAt: row.expiresAt } })
})

test('answers in any order and any number end the same, with one event per change', () => {
  const story = [
    hold({ version: 8, expiresAt: new Date(30_000) }),
    hold({ version: 9, expiresAt: new Date(40_000) }),
    hold({ version: 10, state: Hold_State.COMMITTED, expiresAt: new Date(40_000) }),
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...story), { maxLength: 12 }), (heard) => {
      let known = row
      let changes = 0
      for (const news of [...heard, ...story]) {
        const taken = takeOver(known, news, now)
        if (taken?.change !== undefined) changes++
        known = taken?.row ?? known
      }
      expect(known).toMatchObject({ status: 'COMMITTED', expiresAt: new Date(40_000), version: row.version + changes })
    }),
  )
})
