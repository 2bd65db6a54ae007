import { createLog, type Database, type UserTokens, type VerifiedUser } from '@holdfast/service'

import { type EndedTokens, watchEndedTokens } from './ended-tokens'

type Row = { id: string; token_generation: number }

const log = createLog('test', 'silent')
const users: UserTokens = { verify: (token) => ({ id: 'ann', role: 'USER', generation: Number(token) }) }

let watched: EndedTokens
let reads: { answer: (rows: Row[]) => void; fail: (error: Error) => void }[]

/** The first read finds nothing; each later one is answered by the test. */
beforeEach(async () => {
  jest.useFakeTimers()
  reads = []
  const query = async (): Promise<{ rows: Row[] }> =>
    new Promise((resolve, reject) => reads.push({ answer: (rows) => resolve({ rows }), fail: reject }))
  const watching = watchEndedTokens({ pool: { query } } as unknown as Database, log)
  reads.shift()?.answer([])
  watched = await watching
})
afterEach(() => {
  watched.stop()
  jest.useRealTimers()
})

async function poll(): Promise<(typeof reads)[number]> {
  await jest.advanceTimersByTimeAsync(1_000)
  const read = reads.shift()
  if (read === undefined) throw new Error('nothing was read')
  return read
}

/** What becomes of a token of this generation. */
function use(generation: number): VerifiedUser | Promise<VerifiedUser> {
  return watched.guard(users).verify(String(generation))
}

test('what was ended here is refused at once, whatever a read that began before finds', async () => {
  const older = await poll()
  expect(use(0)).toMatchObject({ id: 'ann' })
  watched.ended({ id: 'ann', token_generation: 1 })
  expect(() => use(0)).toThrow('ended')
  older.answer([])
  const newer = await poll()
  expect(() => use(0)).toThrow('ended')
  expect(use(1)).toMatchObject({ id: 'ann' })
  // Ended elsewhere once more.
  newer.answer([{ id: 'ann', token_generation: 2 }])
  await poll()
  expect(() => use(1)).toThrow('ended')
})

test('it stays refused while nothing can be read, and is forgotten when no token of that age is left', async () => {
  watched.ended({ id: 'ann', token_generation: 1 })
  const failing = await poll()
  failing.fail(new Error('no database'))
  const next = await poll()
  expect(() => use(0)).toThrow('ended')
  next.answer([])
  await poll()
  expect(use(0)).toMatchObject({ id: 'ann' })
})
