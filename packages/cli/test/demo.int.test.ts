import { demo } from '../src/demo/demo'
import type { Progress } from '../src/progress'
import { readSettings } from '../src/settings'
import { sweep } from '../src/sweep'
import { type FakeSystem, startFakeSystem } from './fake-system'

const admin = { email: 'admin@holdfast.example', password: 'secret' }

let fake: FakeSystem
let said: string[]
let progress: Progress

beforeEach(async () => {
  fake = await startFakeSystem()
  said = []
  progress = {
    say: (line) => void said.push(line),
    begin: () => ({ tick: () => undefined, end: () => 1 }),
    stop: () => undefined,
  }
})
afterEach(async () => fake.close())

describe('the demo', () => {
  it('finds every number right on a system that sells nothing twice, also a second time', async () => {
    expect(await demo({ url: fake.url, admin }, progress)).toBe(true)
    expect(await demo({ url: fake.url, admin }, progress)).toBe(true)
    expect(said.filter((line) => line.startsWith('All 18 numbers are right'))).toHaveLength(2)
    expect(said.filter((line) => line.startsWith('not expected'))).toEqual([])
  })

  it('finds what is wrong on a system that sells what it does not have', async () => {
    fake.oversells = true
    expect(await demo({ url: fake.url, admin }, progress)).toBe(false)
    expect(said.join('\n')).toMatch(/shoppers who got a camera +3 +100 +WRONG/)
  })

  it('tries again what was refused for the moment', async () => {
    fake.refusals = 3
    expect(await demo({ url: fake.url, admin }, progress)).toBe(true)
  })

  it('says in one line that nothing runs there', async () => {
    await fake.close()
    const problem = `Holdfast does not run at ${fake.url} (ECONNREFUSED): start it with "npm start", or say where it is with --url`
    await expect(demo({ url: fake.url, admin }, progress)).rejects.toThrow(problem)
  })
})

describe('the sweep', () => {
  it('says what one pass found', async () => {
    await sweep({ url: fake.url, admin }, (line) => void said.push(line))
    expect(said).toEqual(['reservations expired: 2', 'holds without a reservation released: 1'])
  })

  it('goes with a token that is given, and logs nobody in', async () => {
    const settings = await readSettings({ url: fake.url }, { HOLDFAST_ADMIN_TOKEN: 'of.another.issuer' })
    await sweep(settings, (line) => void said.push(line))
    expect(said).toHaveLength(2)
    expect(fake.seen.at(-1)).toMatchObject({ path: '/v1/reservations:sweep', authorization: 'Bearer of.another.issuer' })
    expect(fake.seen.map(({ path }) => path)).not.toContain('/v1/auth/login')
  })
})
