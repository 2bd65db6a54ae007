import { Latencies } from '../load/latencies'
import { recordTransactions } from './pgbench'

test("a transaction's time is the third column of pgbench's log, in microseconds", () => {
  const latencies = new Latencies()
  recordTransactions('0 1 5000 0 1412881037 912698\n3 1 7000 0 1412881037 913578\n', latencies)
  expect(latencies.count).toBe(2)
  expect(latencies.summary().max / 7).toBeCloseTo(1, 2)
})
