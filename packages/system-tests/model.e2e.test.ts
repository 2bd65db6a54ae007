/**
 * Small concurrent programs against the running services, each history checked against the sequential model of
 * model/holdfast.ts. HOLDFAST_MODEL_CASES says how many; HOLDFAST_MODEL_SEED=seed runs them again, and
 * HOLDFAST_MODEL_SEED=seed:case that one alone, again and again, and looks for a smaller program that fails, too.
 */
import fc from 'fast-check'
import { randomInt } from 'node:crypto'

import { explain } from './model/checker'
import { holdfastModel } from './model/holdfast'
import { describeProgram, type Program, programs } from './model/program'
import { describeHistory, runProgram } from './model/run'
import { openShop, type Shop, times } from './shop'

const [seed = randomInt(2 ** 31), onlyCase] = (process.env['HOLDFAST_MODEL_SEED'] ?? '')
  .split(':')
  .filter((part) => part !== '')
  .map(Number)
const cases = Number(process.env['HOLDFAST_MODEL_CASES'] ?? 40)
/** Programs that run beside one another; they share the services, not the SKUs. */
const atOnce = 6
/** Threads interleave differently each time, so a program that failed is given some chances to fail again. */
const repeats = 12
const shrinkMs = 60_000

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

test(
  'every answer of concurrent clients is explained by the model',
  async () => {
    const found = onlyCase === undefined ? await firstFailure() : { index: onlyCase, report: '' }
    if (found === undefined) return
    const smaller = await shrink(found.index)
    const replay = `HOLDFAST_MODEL_SEED=${seed}:${found.index} npm test -- packages/system-tests/model.e2e.test.ts`
    if (onlyCase !== undefined && smaller === '') return
    throw new Error(`case ${found.index} of seed ${seed} is not explained; again: ${replay}\n\n${smaller || found.report}`)
  },
  Math.max(600_000, cases * 1_000),
)

async function firstFailure(): Promise<{ index: number; report: string } | undefined> {
  const all = fc.sample(programs, { seed, numRuns: cases })
  let next = 0
  let failure: { index: number; report: string } | undefined
  await times(atOnce, async () => {
    while (next < all.length && failure === undefined) {
      const index = next++
      const program = all[index]
      const report = program && (await unexplained(program))
      if (report !== undefined) failure ??= { index, report }
    }
  })
  return failure
}

/** The history of a run that the model does not explain, in words; undefined when it does. */
async function unexplained(program: Program): Promise<string | undefined> {
  const history = await runProgram(shop, program)
  const verdict = explain(holdfastModel(program), history)
  if (verdict.explained) return undefined
  const states = [...new Set(verdict.before.map((state) => JSON.stringify(state)))].slice(0, 5)
  return [
    'The program:',
    describeProgram(program),
    '\nIts history, where > marks the answer that nothing explains:',
    describeHistory(program, history, verdict.event),
    '\nWhat may have been the case before that answer:',
    ...states,
  ].join('\n')
}

/** The smallest program found that fails, and what happened then; '' when it did not fail again. */
async function shrink(index: number): Promise<string> {
  let smallest = ''
  const property = fc.asyncProperty(programs, async (program) => {
    for (let again = 0; again < repeats; again += atOnce) {
      const reports = await times(atOnce, async () => unexplained(program))
      const report = reports.find((one) => one !== undefined)
      if (report !== undefined) {
        smallest = report
        throw new Error('not explained')
      }
    }
  })
  await fc.check(property, { seed, path: String(index), numRuns: 1, interruptAfterTimeLimit: shrinkMs })
  return smallest
}
