/**
 * Hundreds of calls by many clients over many SKUs, two processes of each service: checked by what holds for every history.
 * HOLDFAST_MODEL_SEED=seed runs the same program again.
 */
import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import fc from 'fast-check'
import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import { changeOf, changes, type Ending, inconsistentAnswers, oversold, toldIn, wrongSums } from './model/invariants'
import { largePrograms, type Program } from './model/program'
import { type Ran, runProgram } from './model/run'
import { openShop, type Shop } from './shop'

const seed = Number((process.env['HOLDFAST_MODEL_SEED'] ?? '').split(':')[0]) || randomInt(1, 2 ** 31)

let shop: Shop
beforeAll(async () => {
  shop = await openShop({ replicas: 2 })
})
afterAll(async () => shop.close())

test('a large history: nothing oversold, every id answered consistently, the sums are right, one audit record per change', async () => {
  const [program] = fc.sample(largePrograms, { seed, numRuns: 1 })
  if (program === undefined) throw new Error('no program')
  const ran = await runProgram(shop, program)
  const told = toldIn(ran.history)
  const found = {
    again: `HOLDFAST_MODEL_SEED=${seed} npm test -- packages/system-tests/large-history.e2e.test.ts`,
    inconsistent: inconsistentAnswers(program, told),
    oversold: oversold(program, told),
    wrongSums: wrongSums(program, told, await endingOf(program, ran)),
    wronglyAudited: await wronglyAudited(ran),
    inside: told.filter(({ answer }) => answer.code === 'INTERNAL').map(({ answer }) => answer.requestId),
  }
  expect(found).toEqual({ again: found.again, inconsistent: [], oversold: [], wrongSums: [], wronglyAudited: [], inside: [] })
  await shop.expectBalanced()
  // It was a busy shop.
  expect(told.length).toBeGreaterThan(400)
  const done = new Set(told.map(changeOf).filter((action) => action !== undefined))
  expect(done).toContain(changes.reserve)
  // Which of the others come to pass is the program's luck, but for most of them.
  expect(done.size).toBeGreaterThanOrEqual(4)
}, 300_000)

/** Everything as it is at one moment: reservations go on ending by themselves, so none may have ended while the rest was read. */
async function endingOf(program: Program, { history, skus, shopper, admin }: Ran): Promise<Ending> {
  const ids = program.slots.map((_, slot) => {
    const answers = toldIn(history).filter(({ call }) => call.do === 'reserve' && call.slot === slot)
    return answers.find(({ answer }) => answer.id !== undefined)?.answer.id
  })
  const status = async (id: string | undefined) =>
    id === undefined ? undefined : (await shopper.get<ReservationReply>(`/v1/reservations/${id}`)).body.reservation.status
  const statuses = async () => Promise.all(ids.map(status))
  return waitFor(
    async () => {
      const reservations = await statuses()
      // What reads as EXPIRED is given back by the sweeper.
      expect((await admin.post('/v1/reservations:sweep', {})).status).toBe(200)
      const { orders } = (await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders?pageSize=200')).body
      const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
      const isOneMoment = isDeepStrictEqual(await statuses(), reservations)
      return (
        isOneMoment && {
          levels: levels.map(({ onHand, available }) => [onHand, available]),
          reservations,
          orders: ids.map((id) => orders.find(({ reservationId }) => reservationId === id)?.status),
        }
      )
    },
    { what: 'a moment in which no reservation ended', timeoutMs: 60_000 },
  )
}

interface Audited {
  action: string
  requestId: string
}

/** A change that was acknowledged has one record, by its request; what was refused or a repeat has none. */
async function wronglyAudited({ history, admin }: Ran): Promise<string[]> {
  const told = toldIn(history).filter(({ call, answer }) => changes[call.do] !== undefined && answer.requestId !== undefined)
  const expected = told.map((one) => ({ one, action: changeOf(one), of: changes[one.call.do] }))
  const wrong = async () => {
    const records = await allRecords(admin)
    return expected.flatMap(({ one, action, of }) => {
      const count = records.filter((record) => record.requestId === one.answer.requestId && record.action === of).length
      const isRight = count === (action === undefined ? 0 : 1)
      return isRight
        ? []
        : [`${one.answer.requestId}: ${count} records of ${one.call.do}, answered ${JSON.stringify(one.answer)}`]
    })
  }
  // The log follows; what is too much does not go away by waiting.
  await waitFor(async () => (await wrong()).every((one) => !one.includes(': 0 records')), {
    what: 'every change to be audited',
    timeoutMs: 60_000,
  }).catch(() => undefined)
  return wrong()
}

async function allRecords(admin: Ran['admin']): Promise<Audited[]> {
  const records: Audited[] = []
  for (let pageToken = ''; ;) {
    const { body } = await admin.get<{ records: Audited[]; nextPageToken?: string }>(
      `/v1/audit/records?pageSize=500&pageToken=${encodeURIComponent(pageToken)}`,
    )
    records.push(...body.records)
    if (body.nextPageToken === undefined || body.nextPageToken === '') return records
    pageToken = body.nextPageToken
  }
}
