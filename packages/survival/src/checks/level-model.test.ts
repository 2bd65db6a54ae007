/** The model of one SKU's level, on histories that are as they should be, and on those of well-known faults. */
import { explain } from '@holdfast/testing'

import type { LevelEvent } from './level-history'
import { type LevelAnswer, type LevelCall, levelModel } from './level-model'

/** A history is written down as its calls with the times at which they begin and end, ms; no end: nobody heard of it again. */
interface Told {
  call: LevelCall
  from: number
  to?: number
  answer?: LevelAnswer
}

const ok = { code: 'OK' }
const insufficient = { code: 'INSUFFICIENT_STOCK' }

function reserve(hold: string, units: number, from: number, to: number, expiresAt = 100_000): Told {
  return { call: { do: 'reserve', hold, units, ttlMs: 1_000 }, from, to, answer: { code: 'OK', expiresAt } }
}

function refused(hold: string, units: number, from: number, to: number): Told {
  return { ...reserve(hold, units, from, to), answer: insufficient }
}

function ofHold(
  what: 'cancel' | 'checkOut' | 'cancelOrder',
  hold: string,
  from: number,
  to: number,
  answer: LevelAnswer = ok,
): Told {
  return { call: { do: what, hold }, from, to, answer }
}

function read(available: number, from: number, to: number): Told {
  return { call: { do: 'read' }, from, to, answer: { code: 'OK', available } }
}

function settled(available: number, at: number): Told {
  return { call: { do: 'readSettled' }, from: at, to: at, answer: { code: 'OK', available } }
}

function unheard({ call, from }: Told): Told {
  return { call, from }
}

/** Nobody heard of it, and the books say when it was done at the latest. */
function untold({ call, from }: Told, to: number): Told {
  return { call, from, to, answer: { code: 'UNTOLD' } }
}

function adjust(delta: number, from: number, to: number): Told {
  return { call: { do: 'adjust', delta }, from, to, answer: ok }
}

/** Three units in the beginning. */
function verdictOf(told: Told[], ends?: Map<string, number>) {
  const events = told.flatMap(({ call, from, to, answer }, operation): LevelEvent[] => [
    { kind: 'call', operation, client: operation, at: from, call },
    ...(to === undefined || answer === undefined ? [] : [{ kind: 'answer' as const, operation, at: to, answer }]),
  ])
  events.sort((one, other) => one.at - other.at || Number(one.kind === 'answer') - Number(other.kind === 'answer'))
  return explain(levelModel(3, new Set(['returned']), ends), events).explained
}

const [a, b, c, returned] = ['a', 'b', 'c', 'returned']

test.each<[string, Told[]]>([
  ['one after the other', [reserve(a, 2, 0, 10), read(1, 20, 30), ofHold('cancel', a, 40, 50), read(3, 60, 70)]],
  ['a read while units are taken may see it or not', [reserve(a, 2, 0, 50), read(3, 10, 20), read(1, 30, 40)]],
  ['of two that do not both fit one is refused, whoever was first', [reserve(a, 2, 0, 50), refused(b, 2, 10, 40)]],
  ['a refusal before the units come back', [reserve(a, 2, 0, 10), ofHold('cancel', a, 20, 60), refused(b, 2, 30, 50)]],
  ['what is past its end is free for whoever comes later', [reserve(a, 3, 0, 10, 1_000), reserve(b, 3, 1_020, 1_030)]],
  ['at the end itself it may be either', [reserve(a, 3, 0, 10, 1_000), read(0, 990, 1_010), reserve(b, 3, 995, 1_008)]],
  [
    'a hold that lives on by a payment that succeeds',
    [reserve(a, 3, 0, 10, 1_000), ofHold('checkOut', a, 900, 2_000), read(0, 3_000, 3_010)],
  ],
  [
    'a declined payment may keep the hold for a while',
    [
      reserve(a, 3, 0, 10, 1_000),
      ofHold('checkOut', a, 500, 600, { code: 'PAYMENT_DECLINED' }),
      refused(b, 1, 1_100, 1_200),
      reserve(b, 1, 1_300, 1_400),
    ],
  ],
  [
    'a payment under way keeps the hold, and is told in the end that it is over',
    [
      reserve(a, 3, 0, 10, 1_000),
      ofHold('checkOut', a, 500, 9_000, { code: 'RESERVATION_EXPIRED' }),
      refused(b, 1, 2_000, 2_100),
    ],
  ],
  [
    'an order that is cancelled gives back some time later',
    [
      reserve(returned, 2, 0, 10),
      ofHold('checkOut', returned, 20, 30),
      ofHold('cancelOrder', returned, 40, 50),
      read(1, 60, 70),
      read(3, 80, 90),
    ],
  ],
  [
    'a payment that nobody heard of may have been taken',
    [reserve(a, 3, 0, 10, 1_000), unheard(ofHold('checkOut', a, 500, 600)), settled(0, 9_000)],
  ],
  ['... or not', [reserve(a, 3, 0, 10, 1_000), unheard(ofHold('checkOut', a, 500, 600)), settled(3, 9_000)]],
  ['who was never answered may have units', [unheard(reserve(a, 2, 0, 10)), read(1, 500, 510)]],
  ['... or have none', [unheard(reserve(a, 2, 0, 10)), read(3, 500, 510)]],
  ['... or take them long after', [unheard(reserve(a, 2, 0, 10)), read(3, 500, 510), read(1, 900, 910)]],
  ['... and if nobody knows of it, give them back', [unheard(reserve(a, 2, 0, 10)), read(1, 500, 510), reserve(b, 3, 900, 910)]],
  ['units that came at some time before the books say', [untold(adjust(2, 0, 10), 400), read(3, 100, 110), read(5, 200, 210)]],
  [
    'a hold that the books have, and that ended by itself',
    [untold(reserve(a, 2, 0, 10), 400), read(1, 100, 110), read(3, 500, 510)],
  ],
])('%s: explained', (_name, told) => {
  expect(verdictOf(told)).toBe(true)
})

test.each<[string, Told[]]>([
  ['the same units sold twice', [reserve(a, 2, 0, 50), reserve(b, 2, 10, 40)]],
  ['units of a hold that is in force', [reserve(a, 3, 0, 10, 1_000), reserve(b, 1, 500, 600)]],
  ['units that were sold', [reserve(a, 3, 0, 10, 1_000), ofHold('checkOut', a, 20, 30), reserve(b, 1, 2_000, 2_010)]],
  ['a lost release', [reserve(a, 3, 0, 10), ofHold('cancel', a, 20, 30), refused(b, 3, 40, 50)]],
  ['units that never come back when their time is over', [reserve(a, 3, 0, 10, 1_000), refused(b, 3, 1_020, 1_030)]],
  ['a release that counts twice', [reserve(a, 2, 0, 10), ofHold('cancel', a, 20, 30), read(5, 40, 50)]],
  ['a stale read', [reserve(a, 2, 0, 10), read(3, 20, 30)]],
  ['new, then old', [reserve(a, 2, 0, 100), read(1, 10, 20), read(3, 30, 40)]],
  ['a refusal while there is enough', [reserve(a, 1, 0, 10), refused(b, 2, 20, 30)]],
  [
    'a hold that is gone before its time',
    [reserve(a, 2, 0, 10, 5_000), ofHold('cancel', a, 20, 30, { code: 'RESERVATION_EXPIRED' })],
  ],
  ['a sale of what was given back', [reserve(a, 2, 0, 10), ofHold('cancel', a, 20, 30), ofHold('checkOut', a, 40, 50)]],
  [
    'an order that is cancelled and gives nothing back',
    [
      reserve(returned, 2, 0, 10),
      ofHold('checkOut', returned, 20, 30),
      ofHold('cancelOrder', returned, 40, 50),
      settled(1, 9_000),
    ],
  ],
  ['who was never answered takes units twice', [unheard(reserve(a, 1, 0, 10)), read(2, 500, 510), read(1, 900, 910)]],
  ['units that came later than the books say', [untold(adjust(2, 0, 10), 400), read(3, 500, 510)]],
])('%s: not explained', (_name, told) => {
  expect(verdictOf(told)).toBe(false)
})

test('what a payment kept for a while is over for good when the books say so, and not before', () => {
  const declined = [reserve(a, 3, 0, 10, 1_000), ofHold('checkOut', a, 500, 600, { code: 'PAYMENT_DECLINED' })]
  const ends = new Map([[a, 5_000]])
  expect(verdictOf([...declined, read(0, 4_000, 4_010), refused(b, 1, 4_500, 4_600)], ends)).toBe(true)
  expect(verdictOf([...declined, read(0, 5_500, 5_510), read(0, 6_000, 6_010)], ends)).toBe(false)
  expect(verdictOf([...declined, read(0, 5_500, 5_510), read(0, 6_000, 6_010)])).toBe(true)
  // Who asked before its end may still be told what was so then.
  expect(verdictOf([...declined, refused(c, 1, 4_800, 5_500), refused(b, 1, 4_900, 6_000)], ends)).toBe(true)
  expect(verdictOf([...declined, read(0, 4_800, 6_100), reserve(b, 3, 5_500, 6_000)], ends)).toBe(true)
})

test('a long history of holds that lapse is decided', () => {
  const told = Array.from({ length: 400 }, (_, n) => {
    const at = n * 2_000
    return [
      reserve(`h${n}`, 2, at, at + 10, at + 1_000),
      unheard(ofHold('checkOut', `h${n}`, at + 20, at + 30)),
      read(1, at + 40, at + 50),
    ]
  }).flat()
  const ends = new Map(Array.from({ length: 400 }, (_, n) => [`h${n}`, n * 2_000 + 1_500] as const))
  const ended = told.map((one) =>
    'hold' in one.call && one.call.do === 'checkOut' ? { ...one, to: one.from + 1_600, answer: { code: 'UNTOLD' } } : one,
  )
  expect(verdictOf([...ended, settled(3, 900_000)], ends)).toBe(true)
})
