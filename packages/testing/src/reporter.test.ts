import { leftOutLines, summaryLine } from './reporter'

const totals = { numPassedTests: 12, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 0 }

test('the last line names what passed, failed and was skipped', () => {
  expect(summaryLine(totals)).toBe('12 passed, 0 failed, 0 skipped')
})

test('a file that does not load counts as a failure, an unwritten test as skipped', () => {
  const line = summaryLine({ ...totals, numFailedTests: 1, numRuntimeErrorTestSuites: 2, numPendingTests: 3, numTodoTests: 1 })
  expect(line).toBe('12 passed, 3 failed, 4 skipped')
})

test('each suite left out says what it wants', () => {
  expect(leftOutLines([{ suite: 'Kafka transport', want: 'KAFKA_BROKERS' }])).toEqual([
    'Left out: Kafka transport, for want of KAFKA_BROKERS.',
  ])
  expect(leftOutLines([])).toEqual(['No suite was left out.'])
})
