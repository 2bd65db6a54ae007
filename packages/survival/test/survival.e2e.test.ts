/** A short run of what `npm run survive` does for minutes: processes, connections and PostgreSQL fail, and no promise is broken. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { report, survive } from '@holdfast/survival'

// One seed, so that each run has the same faults: `npm run survive` looks for others.
const seed = 1
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
  // Something was sold, and something went wrong.
  expect(survival.history.some(({ call, outcome }) => call.do === 'reserve' && outcome === 'ok')).toBe(true)
  expect(new Set(survival.schedule.map(({ fault }) => fault.kind)).size).toBeGreaterThan(2)
}, 900_000)
