/** The invariants of large histories, each with a history that breaks it. */
import type { Answer } from './state'
import { inconsistentAnswers, oversold, wrongSums } from './invariants'
import type { Call, Program } from './program'

/** Three A, of which r0 and r1 want two each. */
const program: Program = {
  stock: [3],
  slots: [0, 1].map(() => ({ lines: [{ sku: 0, quantity: 2 }], ttlSeconds: 20 })),
  adjustments: [{ sku: 0, delta: 1 }],
  clients: [],
}

const told = (call: Call, from: number, answer: Answer) => ({ call, from, to: from + 5, answer })
const made = (slot: number, from: number, id = `id${slot}`) =>
  told({ do: 'reserve', slot }, from, { code: 'OK', replayed: false, status: 'ACTIVE', expiresAt: from + 20_000, id })
const ok = (call: Call, from: number, status: string, replayed = false) =>
  told(call, from, { code: 'OK', replayed, status, id: 'id0' })
const added = told({ do: 'adjust', adjustment: 0 }, 6, { code: 'OK', replayed: false, levels: [[4]] })

test('a history as it should be breaks none of them', () => {
  const history = [made(0, 0), added, made(1, 10), ok({ do: 'cancel', slot: 0 }, 20, 'CANCELLED')]
  expect(inconsistentAnswers(program, history)).toEqual([])
  expect(oversold(program, history)).toEqual([])
  const ending = { levels: [[4, 2]], reservations: ['CANCELLED', 'ACTIVE'], orders: [] }
  expect(wrongSums(program, history, ending)).toEqual([])
})

test('more units given away than there are', () => {
  expect(oversold(program, [made(0, 0), made(1, 10)])).toEqual(['A: 4 units were given away when there were 3'])
  const cancelledFirst = [made(0, 0), ok({ do: 'cancel', slot: 0 }, 10, 'CANCELLED'), made(1, 20)]
  expect(oversold(program, cancelledFirst)).toEqual([])
  const soldAndLapsed = [made(0, 0), ok({ do: 'checkOut', slot: 0, declined: false }, 10, 'CONFIRMED'), made(1, 30_000)]
  expect(oversold(program, soldAndLapsed)).toHaveLength(1)
})

test('a reservation that is made twice, has two ids, or is open again', () => {
  expect(inconsistentAnswers(program, [made(0, 0), made(0, 10, 'another')])).toEqual([
    'r0 has more than one id: id0, another',
    'r0: reserve was done twice',
  ])
  const cancelled = ok({ do: 'cancel', slot: 0 }, 10, 'CANCELLED')
  expect(inconsistentAnswers(program, [made(0, 0), cancelled, ok({ do: 'look', slot: 0 }, 20, 'ACTIVE')])).toEqual([
    'r0 was CANCELLED, then ACTIVE',
  ])
  expect(inconsistentAnswers(program, [made(0, 0), cancelled, ok({ do: 'look', slot: 0 }, 12, 'ACTIVE')])).toEqual([])
})

test('units that are lost or found', () => {
  const history = [made(0, 0), added]
  const ending = { reservations: ['ACTIVE'], orders: [undefined] }
  expect(wrongSums(program, history, { ...ending, levels: [[4, 2]] })).toEqual([])
  expect(wrongSums(program, history, { ...ending, levels: [[3, 1]] })).toEqual(['A: 1 of 3 are available, not 2 of 4'])
  expect(wrongSums(program, history, { ...ending, levels: [[4, 4]] })).toHaveLength(1)
})
