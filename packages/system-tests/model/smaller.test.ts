import fc from 'fast-check'

import { type Program, programs } from './program'
import { smallerPrograms } from './smaller'

/** As a checker would that only dislikes an extension after a reserve of the same slot, by whoever. */
function fails({ clients }: Program): boolean {
  const calls = clients.flat().map(({ call }) => call)
  return calls.some((call, index) => {
    return call.do === 'extend' && calls.slice(0, index).some((one) => one.do === 'reserve' && one.slot === call.slot)
  })
}

test('every step is smaller, and what is left of a failing program are the two calls that make it fail', () => {
  const failing = fc.sample(programs, { seed: 1, numRuns: 200 }).filter(fails)
  expect(failing.length).toBeGreaterThan(5)
  for (const program of failing) {
    let smallest = program
    for (let next: Program | undefined = smallest; next !== undefined;) {
      const before = sizeOf(next)
      smallest = next
      next = [...smallerPrograms(smallest)].find(fails)
      if (next !== undefined) expect(sizeOf(next)).toBeLessThan(before)
    }
    const left = smallest.clients.flat()
    expect(left.map(({ call }) => call.do)).toEqual(['reserve', 'extend'])
    expect(left.every(({ meet, pause, afterEnd }) => !meet && pause === 0 && afterEnd === undefined)).toBe(true)
  }
})

function sizeOf({ clients }: Program): number {
  const actions = clients.flat()
  return actions.reduce((sum, { meet, pause, afterEnd }) => sum + 1 + Number(meet) + pause + Number(afterEnd !== undefined), 0)
}
