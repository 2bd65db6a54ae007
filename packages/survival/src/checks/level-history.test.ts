/** What of a whole history the checker is told of one SKU. */
import type { Operation } from '../workload/history'
import { levelHistory } from './level-history'

const adjustment = {
  id: 'c0-1',
  client: 0,
  call: { do: 'adjust', sku: 'A', delta: 2 },
  from: 1_000,
  attempts: [],
} satisfies Partial<Operation>
const unknown: Operation = { ...adjustment, outcome: 'unknown' }
const refused: Operation = {
  ...adjustment,
  outcome: 'refused',
  code: 'CONFLICT',
  to: 1_100,
  attempts: [{ at: 1_000, outcome: 'unknown' }],
}

const answersOf = (operation: Operation, witness: { done: boolean; at?: number }) =>
  levelHistory([operation], 'A', () => witness).map((event) => (event.kind === 'call' ? '?' : `${event.at} ${event.answer.code}`))

test('a call that nobody heard of is left out if it was not done, has an end where the books say when, and else may be done whenever', () => {
  expect(answersOf(unknown, { done: false })).toEqual([])
  expect(answersOf(unknown, { done: true, at: 2_000 })).toEqual(['?', '17000 UNTOLD'])
  expect(answersOf(unknown, { done: true })).toEqual(['?'])
})

test('one that was refused, and yet done by another request of it, is both', () => {
  expect(answersOf(refused, { done: false })).toEqual(['?', '1100 CONFLICT'])
  expect(answersOf(refused, { done: true, at: 1_050 })).toEqual(['?', '?', '1100 CONFLICT', '16050 UNTOLD'])
})

test('other SKUs are left out', () => {
  expect(levelHistory([unknown], 'B', () => ({ done: true }))).toEqual([])
})
