/** A short run of what `npm run survive` does for minutes: processes, connections and PostgreSQL fail, and no promise is broken. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { report, survive } from '@holdfast/survival'

// One seed, so that each run has the same faults: `npm run survive` looks for others. In these 15 s every kind strikes, and of the
// processes that are killed one is inventory's, one is order's and one is a gateway.
const seed = 110
const lengthMs = 15_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-survival-'))
})
afterAll(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

test('two processes of each service survive kill -9, SIGSTOP, bad networks, wrong clocks and a crash of PostgreSQL', async () => {
  const kinds = ['kill', 'pause', 'network', 'clock', 'database'] as const
  const survival = await survive({ seed, lengthMs, kinds, clients: 4, folder, say: () => undefined })
  const problems = survival.outcomes.flatMap(({ name, outcome }) => outcome.problems.map((problem) => `${name}: ${problem}`))
  expect({ problems, report: report(survival) }).toMatchObject({ problems: [] })
  // Something was sold, and everything that was asked for went wrong.
  const sold = survival.history.filter(({ call, outcome }) => call.do === 'checkOut' && outcome === 'ok')
  expect(sold.map(({ answer }) => answer?.status)).toContain('CONFIRMED')
  expect(new Set(survival.struck.map(({ fault }) => fault.kind))).toEqual(new Set(kinds))
}, 900_000)
