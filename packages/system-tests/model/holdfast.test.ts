/** The model of Holdfast, on histories that are as they should be, and on those of well-known faults. */
import { explain } from '@holdfast/testing'

import { holdfastModel } from './holdfast'
import type { Call, Program } from './program'
import type { History } from './run'
import type { Answer } from './state'

/** Three A and one B; r0 and r1 want two A for a second, r2 wants one B for long. */
const program: Program = {
  stock: [3, 1],
  slots: [
    { lines: [{ sku: 0, quantity: 2 }], ttlSeconds: 1 },
    { lines: [{ sku: 0, quantity: 2 }], ttlSeconds: 1 },
    { lines: [{ sku: 1, quantity: 1 }], ttlSeconds: 20 },
  ],
  adjustments: [
    { sku: 0, delta: 1 },
    { sku: 0, delta: 1 },
  ],
  clients: [],
}

/** Calls by name: from when to when (ms), and what they were told. Without an end nobody was. */
type Written = [call: Call, from: number, to?: number, answer?: Answer]

function explained(...written: Written[]): boolean {
  const events: History = written.flatMap(([call, from, to, answer], operation): History => [
    { kind: 'call', operation, client: operation, at: from, call },
    ...(to === undefined || answer === undefined ? [] : [{ kind: 'answer' as const, operation, at: to, answer }]),
  ])
  const inOrder = events.toSorted((a, b) => a.at - b.at)
  return explain(holdfastModel(program), inOrder).explained === true
}

const reserve = (slot: number): Call => ({ do: 'reserve', slot })
const read: Call = { do: 'readStock' }
const made = (expiresAt: number): Answer => ({ code: 'OK', replayed: false, status: 'ACTIVE', expiresAt })
const repeated = (status: string, expiresAt: number): Answer => ({ code: 'OK', replayed: true, status, expiresAt })
const refused = (code = 'INSUFFICIENT_STOCK'): Answer => ({ code })
const ok = (status: string, replayed = false): Answer => ({ code: 'OK', replayed, status })
const levels = (a: number[], b: number[]): Answer => ({ code: 'OK', levels: [a, b] })
const have = (quantity: number): Call => ({ do: 'change', slot: 0, line: 0, quantity, giveBack: false })
const giveBack = (quantity: number): Call => ({ do: 'change', slot: 0, line: 0, quantity, giveBack: true })
const changed = (units: number, status = 'ACTIVE'): Answer => ({ ...ok(status), units: [units] })
const seen = (units: number): Answer => ({ code: 'OK', status: 'ACTIVE', units: [units] })
const adjusted = (onHand: number, replayed = false): Answer => ({ code: 'OK', replayed, levels: [[onHand]] })

const r0Made: Written = [reserve(0), 0, 10, made(1_005)]
const r2Made: Written = [reserve(2), 0, 10, made(20_005)]
const r0Sold: Written = [{ do: 'checkOut', slot: 0, declined: false }, 20, 40, ok('CONFIRMED')]

test.each<[string, Written[]]>([
  [
    'of two at once either gets the last units',
    [
      [reserve(0), 0, 10, refused()],
      [reserve(1), 5, 12, made(1_008)],
    ],
  ],
  [
    'a read during a reserve may see it or not',
    [
      [reserve(0), 0, 10, made(1_005)],
      [read, 2, 4, levels([3, 3], [1, 1])],
      [read, 5, 8, levels([3, 1], [1, 1])],
    ],
  ],
  [
    'units are free at the end of their hold',
    [
      r0Made,
      [read, 990, 999, levels([3, 1], [1, 1])],
      [read, 1_000, 1_020, levels([3, 3], [1, 1])],
      [reserve(1), 1_050, 1_060, made(2_055)],
    ],
  ],
  [
    'a cancel gives the units back before the reservation says so',
    [
      r0Made,
      [{ do: 'cancel', slot: 0 }, 20, 60, ok('CANCELLED')],
      [read, 25, 30, levels([3, 3], [1, 1])],
      [{ do: 'look', slot: 0 }, 35, 40, ok('ACTIVE')],
    ],
  ],
  [
    'a reserve that was never answered holds, or does not, or does later',
    [
      [reserve(0), 0],
      [read, 5, 8, levels([3, 3], [1, 1])],
      [reserve(1), 10, 20, refused()],
    ],
  ],
  [
    'a payment keeps the hold alive past its end',
    [
      r0Made,
      [{ do: 'checkOut', slot: 0, declined: false }, 990, 1_300, ok('CONFIRMED')],
      [read, 1_100, 1_110, levels([3, 1], [1, 1])],
      [read, 1_250, 1_260, levels([1, 1], [1, 1])],
    ],
  ],
  [
    'who pays at the same time is told the same',
    [
      r0Made,
      [{ do: 'checkOut', slot: 0, declined: true }, 20, 60, refused('PAYMENT_DECLINED')],
      [{ do: 'checkOut', slot: 0, declined: false }, 25, 62, refused('PAYMENT_DECLINED')],
    ],
  ],
  [
    'the units of a cancelled order come back later',
    [
      r0Made,
      r0Sold,
      [{ do: 'cancelOrder', slot: 0 }, 50, 60, ok('CANCELLED')],
      [read, 70, 75, levels([1, 1], [1, 1])],
      [read, 80, 85, levels([3, 3], [1, 1])],
      [{ do: 'readSettled' }, 90, 95, levels([3, 3], [1, 1])],
    ],
  ],
  [
    'a change of lines shows in the stock before the reservation says so, and goes on from what there is',
    [
      r0Made,
      [have(3), 20, 60, changed(3)],
      [read, 25, 30, levels([3, 0], [1, 1])],
      [{ do: 'look', slot: 0 }, 35, 40, seen(2)],
      [giveBack(2), 70, 80, changed(1)],
      [read, 85, 90, levels([3, 2], [1, 1])],
    ],
  ],
  [
    'of two raises at once the second is refused, or what is given back meanwhile is enough for it',
    [
      r0Made,
      [have(3), 20, 40, changed(3)],
      [reserve(1), 25, 35, refused()],
      [giveBack(1), 50, 70, changed(2)],
      [have(3), 55, 65, changed(3)],
    ],
  ],
  [
    'what gives everything back is a cancel',
    [r0Made, [giveBack(2), 20, 30, changed(2, 'CANCELLED')], [have(1), 40, 50, refused('RESERVATION_NOT_ACTIVE')]],
  ],
  [
    'a payment of lines that change meanwhile comes to nothing, and those that it protects do not change',
    [
      r0Made,
      [{ do: 'checkOut', slot: 0, declined: false }, 20, 60, refused('CONFLICT')],
      [have(1), 25, 35, changed(1)],
      [{ do: 'checkOut', slot: 0, declined: false }, 100, 140, ok('CONFIRMED')],
      [have(2), 110, 120, refused('PAYMENT_IN_PROGRESS')],
      [read, 150, 155, levels([2, 2], [1, 1])],
    ],
  ],
])('%s: explained', (_name, history) => {
  expect(explained(...history)).toBe(true)
})

test.each<[string, Written[]]>([
  [
    'a lost update',
    [
      [{ do: 'adjust', adjustment: 0 }, 0, 10, adjusted(4)],
      [{ do: 'adjust', adjustment: 1 }, 1, 11, adjusted(4)],
    ],
  ],
  [
    'one key adjusts twice',
    [
      [{ do: 'adjust', adjustment: 0 }, 0, 10, adjusted(4)],
      [{ do: 'adjust', adjustment: 0 }, 20, 30, adjusted(5)],
    ],
  ],
  ['a stale read', [r0Made, [read, 20, 25, levels([3, 3], [1, 1])]]],
  [
    'a read of one SKU before and of another after',
    [
      [{ do: 'adjust', adjustment: 0 }, 0, 5, adjusted(4)],
      [reserve(2), 10, 20, made(20_015)],
      [read, 30, 35, levels([3, 3], [1, 0])],
    ],
  ],
  [
    'new, then old',
    [
      [reserve(0), 0, 50, made(1_005)],
      [read, 10, 12, levels([3, 1], [1, 1])],
      [read, 20, 22, levels([3, 3], [1, 1])],
    ],
  ],
  ['a double sale', [r0Made, [reserve(1), 20, 30, made(1_025)]]],
  ['a refusal though there is enough', [r2Made, [reserve(0), 20, 30, refused()]]],
  ['a refusal because of a hold that is over', [r0Made, [reserve(1), 1_050, 1_060, refused()]]],
  ['units that are free before the end of their hold', [r0Made, [read, 900, 910, levels([3, 3], [1, 1])]]],
  ['a repeat that makes a second reservation', [r2Made, [reserve(2), 20, 30, made(20_025)]]],
  [
    'a hold that is extended when it is over',
    [r0Made, [{ do: 'extend', slot: 0 }, 1_050, 1_060, { ...ok('ACTIVE'), expiresAt: 41_055 }]],
  ],
  [
    'a hold that is extended when its units are another’s',
    [
      r0Made,
      [{ do: 'extend', slot: 0 }, 990, 1_090, { ...ok('ACTIVE'), expiresAt: 41_000 }],
      [reserve(1), 1_010, 1_020, made(2_015)],
    ],
  ],
  [
    'a cancel that gives units back twice',
    [
      r0Made,
      [{ do: 'cancel', slot: 0 }, 20, 30, ok('CANCELLED')],
      [reserve(1), 40, 50, made(1_045)],
      [{ do: 'cancel', slot: 0 }, 60, 70, ok('CANCELLED', true)],
      [read, 80, 85, levels([3, 3], [1, 1])],
    ],
  ],
  ['a sale of what was cancelled', [r0Made, [{ do: 'cancel', slot: 0 }, 12, 15, ok('CANCELLED')], r0Sold]],
  ['two sales of one reservation', [r0Made, r0Sold, [read, 50, 55, levels([-1, -1], [1, 1])]]],
  ['a reservation that is open again', [r0Made, r0Sold, [{ do: 'look', slot: 0 }, 50, 55, ok('ACTIVE')]]],
  [
    'units that never come back',
    [
      r0Made,
      r0Sold,
      [{ do: 'cancelOrder', slot: 0 }, 50, 60, ok('CANCELLED')],
      [{ do: 'readSettled' }, 90, 95, levels([1, 1], [1, 1])],
    ],
  ],
  ['a raise beyond what there is', [r0Made, [have(4), 20, 30, changed(4)]]],
  ['a raise that is refused though there is enough', [r0Made, [have(3), 20, 30, refused()]]],
  [
    'a raise that is refused because of a hold that is over',
    [
      r0Made,
      [giveBack(1), 20, 30, changed(1)],
      [reserve(1), 100, 110, made(1_105)],
      [{ do: 'change', slot: 1, line: 0, quantity: 3, giveBack: false }, 1_030, 1_040, refused()],
    ],
  ],
  ['a change that its own answer does not show', [r0Made, [have(3), 20, 30, changed(2)]]],
  [
    'lines of before a change, after its answer',
    [r0Made, [have(3), 20, 30, changed(3)], [{ do: 'look', slot: 0 }, 40, 45, seen(2)]],
  ],
  ['units that a lower does not give back', [r0Made, [giveBack(1), 20, 30, changed(1)], [read, 40, 45, levels([3, 1], [1, 1])]]],
  ['more given back than there is', [r0Made, [giveBack(3), 20, 30, changed(0)]]],
  ['a change of what is over', [r0Made, [have(3), 1_050, 1_060, changed(3)]]],
  [
    'a sale of lines that it no longer had',
    [r0Made, [have(1), 12, 15, changed(1)], r0Sold, [read, 50, 55, levels([1, 1], [1, 1])]],
  ],
  ['a change during a payment', [r0Made, r0Sold, [have(1), 20, 40, changed(1)], [read, 50, 55, levels([1, 1], [1, 1])]]],
  ['an answer that no service gives', [[reserve(0), 0, 10, refused('INTERNAL')]]],
  ['the end of a repeat is told before it', [r2Made, [reserve(2), 20, 30, repeated('EXPIRED', 20_005)]]],
])('%s: not explained', (_name, history) => {
  expect(explained(...history)).toBe(false)
})
