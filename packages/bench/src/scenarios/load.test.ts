import type { PhaseResult } from '../load/task'
import { countProblems } from './load'

const result = (more: Partial<PhaseResult>): PhaseResult => ({
  sent: 10,
  accepted: 6,
  refused: 4,
  conflicts: 0,
  failed: 0,
  perSecond: 10,
  latency: { p50: 1, p95: 1, p99: 1, max: 1 },
  lastAcceptedAfter: 1,
  refusedAfter: 0,
  refusedAfterSeconds: 0,
  ...more,
})

test('all is well when answers add up to requests, and the books to the answers', () => {
  expect(countProblems([result({}), result({})], 12)).toEqual([])
  expect(countProblems([result({})], undefined)).toEqual([])
})

test('an answer too few, and a unit too many or too few in the books, are named', () => {
  expect(countProblems([result({ sent: 11 })], 6)).toEqual(['11 requests, 10 answers'])
  expect(countProblems([result({})], 5)).toEqual(['6 units given away, 5 in the books'])
  expect(countProblems([result({})], 7)).toEqual(['6 units given away, 7 in the books'])
})

test('where requests may fail, only the books count', () => {
  const lost = result({ sent: 11, failed: 1, firstFailure: '500' })
  expect(countProblems([lost], 7, true)).toEqual([])
  expect(countProblems([lost], 8, true)).toEqual(['6 units given away, 8 in the books'])
})

test('a request whose answer was lost may have taken a unit or not', () => {
  const lost = result({ sent: 11, failed: 1, firstFailure: 'reset' })
  for (const reserved of [6, 7]) expect(countProblems([lost], reserved)).toEqual(['1 requests failed, the first: reset'])
  expect(countProblems([lost], 8)).toContain('6 units given away, 8 in the books')
})
