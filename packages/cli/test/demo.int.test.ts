import { demo } from '../src/demo/demo'
import type { Progress } from '../src/progress'
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
    expect(await demo({ url: fake.url, admin }, {}, progress)).toBe(true)
    expect(await demo({ url: fake.url, admin }, {}, progress)).toBe(true)
    expect(said.filter((line) => line.startsWith('All 18 numbers are right'))).toHaveLength(2)
    expect(said.filter((line) => line.startsWith('not expected'))).toEqual([])
  })

  it('finds what is wrong on a system that sells what it does not have', async () => {
    fake.oversells = true
    expect(await demo({ url: fake.url, admin }, {}, progress)).toBe(false)
    expect(said.join('\n')).toMatch(/shoppers who got a camera +3 +100 +WRONG/)
  })

  it('tries again what was refused for the moment, with the tokens that it is given', async () => {
    fake.refusals = 3
    const tokens = { token: () => 'of.another.issuer', refreshToken: () => undefined }
    expect(await demo({ url: fake.url, admin: tokens }, {}, progress)).toBe(true)
    expect(fake.seen).toContainEqual({ path: '/v1/products', authorization: 'Bearer of.another.issuer' })
    expect(fake.seen.map(({ path }) => path)).not.toContain('/v1/auth/login')
  })

  it('says in one line that nothing runs there', async () => {
    await fake.close()
    const problem = `Holdfast does not run at ${fake.url} (ECONNREFUSED): start it with "npm start", or say where it is with --url`
    await expect(demo({ url: fake.url, admin }, {}, progress)).rejects.toThrow(problem)
  })
})
