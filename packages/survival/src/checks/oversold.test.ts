import type { Operation } from '../workload/history'
import type { Evidence } from './check'
import { oversold, oversoldMoments } from './oversold'

const sku = 'HOT-1'

/** Of the five units that there are. */
function reserved(hold: string, quantity: number, to: number, expiresAt: number): Operation {
  const call = { do: 'reserve' as const, hold, lines: [{ sku, quantity }], ttlSeconds: 1 }
  const answer = { id: hold, status: 'ACTIVE', expiresAt }
  return { id: hold, client: 0, call, from: to - 10, to, outcome: 'ok', answer, attempts: [] }
}

function operation(call: Operation['call'], from: number): Operation {
  return { id: 'other', client: 0, call, from, to: from + 10, outcome: 'ok', attempts: [] }
}

test('five of five at once are no fault, six are, at the moment of the last', () => {
  const five = [reserved('a', 2, 1_000, 5_000), reserved('b', 3, 1_100, 5_000)]
  expect(oversoldMoments(five, sku)).toEqual([])
  expect(oversoldMoments([...five, reserved('c', 1, 1_200, 5_000)], sku)).toEqual([
    'HOT-1: 6 units were given away at 1970-01-01T00:00:01.200Z, and there were 5',
  ])
})

test('what has lapsed, was cancelled or may have been, and what was added, leaves room', () => {
  const all = reserved('a', 5, 1_000, 2_000)
  expect(oversoldMoments([all, reserved('b', 5, 2_100, 3_000)], sku)).toEqual([])
  expect(oversoldMoments([all, operation({ do: 'cancel', hold: 'a' }, 1_050), reserved('b', 5, 1_100, 3_000)], sku)).toEqual([])
  expect(oversoldMoments([all, operation({ do: 'adjust', sku, delta: 2 }, 1_050), reserved('b', 2, 1_100, 3_000)], sku)).toEqual(
    [],
  )
})

test('what was sold stays sold after its time', () => {
  const sold = [reserved('a', 5, 1_000, 2_000), operation({ do: 'checkOut', hold: 'a', paymentToken: 'tok_ok' }, 1_100)]
  expect(oversoldMoments([...sold, reserved('b', 1, 9_000, 9_900)], sku)).toHaveLength(1)
})

/** Of the one unit that there is: who joined, was offered it, and looked at it. */
function offered(hold: string, from: number): Operation[] {
  const look = operation({ do: 'look', hold }, from)
  return [
    operation({ do: 'joinWaitlist', hold, sku: 'QUEUED-1', quantity: 1 }, from - 1_000),
    { ...look, answer: { id: hold, status: 'ACTIVE', expiresAt: from + 4_000 } },
  ]
}

test('what was offered to who waits in line counts from when they saw it until its time is over', () => {
  const [first, later] = [offered('a', 1_000), offered('b', 6_000)]
  expect(oversoldMoments([...first, ...later], 'QUEUED-1')).toEqual([])
  expect(oversoldMoments([...first, ...offered('b', 4_000)], 'QUEUED-1')).toEqual([
    'QUEUED-1: 2 units were given away at 1970-01-01T00:00:04.010Z, and there were 1',
  ])
})

test('every SKU is looked at: who waits in line, and what is moved, over all warehouses', async () => {
  const call = { do: 'reserve' as const, hold: 'm', lines: [{ sku: 'MOVED-1', quantity: 31 }], ttlSeconds: 4 }
  const history = [
    ...offered('a', 1_000),
    ...offered('b', 2_000),
    { ...reserved('m', 31, 1_000, 5_000), call },
    operation({ do: 'transfer', sku: 'MOVED-1', quantity: 6, from: 'MAIN', to: 'SECOND' }, 900),
  ]
  const { problems } = await oversold.run({ history } as unknown as Evidence)
  expect(problems.map((problem) => problem.slice(0, problem.indexOf(':')))).toEqual(['QUEUED-1', 'MOVED-1'])
})
