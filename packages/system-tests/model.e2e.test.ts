/**
 * Small concurrent programs against the running services, each history checked against the sequential model of
 * model/holdfast.ts. HOLDFAST_MODEL_CASES says how many; HOLDFAST_MODEL_SEED=seed runs them again, and
 * HOLDFAST_MODEL_SEED=seed:case that one alone, again and again, and looks for a smaller program that fails, too.
 */
import { explain } from '@holdfast/testing'
import fc from 'fast-check'
import { randomInt } from 'node:crypto'

import { holdfastModel } from './model/holdfast'
import { describeProgram, type Program, programs as arbitraryPrograms } from './model/program'
import { describeHistory, runProgram } from './model/run'
import { smallerPrograms } from './model/smaller'
import { openShop, type Shop, times } from './shop'

const [seed = randomInt(2 ** 31), onlyCase] = (process.env['HOLDFAST_MODEL_SEED'] ?? '')
  .split(':')
  .filter((part) => part !== '')
  .map(Number)
const cases = Number(process.env['HOLDFAST_MODEL_CASES'] ?? 100)
/** Programs that run beside one another; they share the services, not the SKUs. */
const atOnce = 6
/** Calls meet differently each time, so a program that failed is given some chances to fail again. */
const repeats = 12
const shrinkMs = 60_000
/** Histories that were too large for the checker after all. */
let undecided = 0

let shop: Shop
beforeAll(async () => {
  // Who comes late has to take back what is due by himself; the programs sweep where they like.
  shop = await openShop({ envFor: { reservation: { SWEEPER: 'off' } } })
})
afterAll(async () => shop.close())
afterEach(async () => shop.expectBalanced())

test(
  'every answer of concurrent clients is explained by the model',
  async () => {
    const programs = fc.sample(arbitraryPrograms, { seed, numRuns: Math.max(cases, (onlyCase ?? 0) + 1) })
    const failure = onlyCase === undefined ? await firstFailure(programs) : await failureOf(programs, onlyCase)
    if (failure === undefined) {
      expect(undecided).toBeLessThanOrEqual(1 + cases / 50)
      return
    }
    const { index, report } = await shrunk(failure)
    const again = `HOLDFAST_MODEL_SEED=${seed}:${index} npm test -- packages/system-tests/model.e2e.test.ts`
    throw new Error(`case ${index} of seed ${seed} is not explained; again: ${again}\n\n${report}`)
  },
  Math.max(600_000, cases * 1_000),
)

interface Failure {
  index: number
  program: Program
  /** What happened, in words. */
  report: string
}

async function firstFailure(programs: Program[]): Promise<Failure | undefined> {
  let next = 0
  let failure: Failure | undefined
  await times(atOnce, async () => {
    while (next < programs.length && failure === undefined) {
      const index = next++
      const program = programs[index]
      const report = program && (await unexplained(program))
      if (program !== undefined && report !== undefined) failure ??= { index, program, report }
    }
  })
  return failure
}

async function failureOf(programs: Program[], index: number): Promise<Failure | undefined> {
  const program = programs[index]
  if (program === undefined) throw new Error(`there is no case ${index}`)
  for (let again = 0; again < repeats; again += atOnce) {
    const reports = await times(atOnce, async () => unexplained(program))
    const report = reports.find((one) => one !== undefined)
    if (report !== undefined) return { index, program, report }
  }
  return undefined
}

/** The smallest that is found to fail, too. */
async function shrunk(failure: Failure): Promise<Failure> {
  const giveUpAt = Date.now() + shrinkMs
  let smallest = failure
  for (let candidates = smallerPrograms(failure.program); Date.now() < giveUpAt;) {
    const { value: program } = candidates.next()
    if (program === undefined) break
    const found = await failureOf([program], 0)
    if (found === undefined) continue
    smallest = { ...found, index: failure.index }
    candidates = smallerPrograms(program)
  }
  return smallest
}

/** The history of a run that the model does not explain, in words; undefined when it does. */
async function unexplained(program: Program): Promise<string | undefined> {
  const { history } = await runProgram(shop, program)
  const verdict = explain(holdfastModel(program), history)
  if (verdict.explained === 'undecided') undecided++
  if (verdict.explained !== false) return undefined
  const states = [...new Set(verdict.before.map((state) => JSON.stringify(state)))].slice(0, 5)
  return [
    'The program:',
    describeProgram(program),
    '\nIts history until the answer that nothing explains:',
    describeHistory(program, history.slice(0, verdict.event + 1)),
    '\nWhat may have been the case before that answer:',
    ...states,
  ].join('\n')
}
