/** Idempotency keys are forgotten after a while; orders are not, and a late repeat still meets its own. */
import { createLog } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { startKeyCleaner } from '../src/archive'
import { as, type Instance, orderOf, startSystem, type System } from './support/system'

let system: System
let order: Instance
beforeAll(async () => {
  system = await startSystem()
  order = await system.start()
})
afterAll(async () => system.stop())

const keys = async (): Promise<number> => (await system.database.pool.query('select from operations')).rowCount ?? 0

test('old keys go, in batches and from several replicas; young ones stay, and what they were used for stays', async () => {
  const checkout = async (reservationId: string, clientToken: string) =>
    order.client.checkout({ reservationId, paymentToken: '', clientToken, lines: [] }, as('ann'))
  const [old, young] = [system.world.reserve('ann').id, system.world.reserve('ann').id]
  const first = await checkout(old, 'old')
  const { pool } = system.database
  await pool.query(
    `insert into operations (id, fingerprint, order_id) select gen_random_uuid(), '', id from orders, generate_series(1, 2500)`,
  )
  await pool.query(`update operations set at = at - interval '25 hours'`)
  await checkout(young, 'young')
  expect(await keys()).toBe(2_502)

  const cleaners = [1, 2].map(() => startKeyCleaner(system.database, 24, createLog('test', 'silent'), 20))
  await waitFor(async () => (await keys()) === 1, { what: 'old keys to go', timeoutMs: 60_000 })
  await Promise.all(cleaners.map(async (cleaner) => cleaner.stop()))
  const again = await checkout(old, 'old')
  expect(again).toMatchObject({ replayed: true, order: { id: orderOf(first).id, status: 'CONFIRMED' } })
  const paid = await pool.query('select from payment_attempts where order_id = $1', [orderOf(first).id])
  expect(paid.rowCount).toBe(1)
  expect(await checkout(young, 'young')).toMatchObject({ replayed: true })
})
