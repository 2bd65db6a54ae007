import { randomUUID } from 'node:crypto'

import { expectBalanced, hold, holdItem, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeEach(async () => {
  inventory = await startInventory()
})
afterEach(async () => inventory.stop())

const repair = async (kind: string, id: string) => inventory.reservation.repairConsistency({ kind, id }, inventory.admin())
const spoil = async (sql: string, ...values: unknown[]) => inventory.database.pool.query(sql, values)
const audited = async () => {
  const { rows } = await inventory.database.pool.query<{ type: string; subject: string; actor_role: string; data: unknown }>(
    `select type, subject, actor_role, data from outbox where audit and type like '%repaired%' order by place`,
  )
  return rows
}

async function held(quantity = 2, stock = 5) {
  const sku = await makeProduct(inventory, stock)
  const item = holdItem([{ sku, quantity }])
  await hold(inventory, [item])
  return { sku, id: item.id }
}

test('reserved is rebuilt from what is held, in one audited event, and once', async () => {
  const { sku } = await held()
  await spoil('update stock_levels set reserved = 5 where sku = $1', sku)
  const { difference } = await repair('reserved', `${sku}/MAIN`)
  expect(difference).toEqual({ kind: 'reserved', id: `${sku}/MAIN`, expected: '2', found: '5' })
  await expectBalanced(inventory)
  expect(await audited()).toEqual([
    {
      type: 'holdfast.stock.repaired.v1',
      subject: `${sku}/MAIN`,
      actor_role: 'ADMIN',
      data: {
        before: { sku, warehouse: 'MAIN', onHand: 5, reserved: 5 },
        after: { sku, warehouse: 'MAIN', onHand: 5, reserved: 2, available: 3 },
      },
    },
  ])
  await expect(repair('reserved', `${sku}/MAIN`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await audited()).toHaveLength(1)
})

test('reserved is rebuilt right while others hold and release the same SKU', async () => {
  const sku = await makeProduct(inventory, 1_000)
  await spoil('update stock_levels set reserved = 7 where sku = $1', sku)
  const traffic = Array.from({ length: 20 }, async () => {
    const item = holdItem([{ sku, quantity: 1 }])
    await hold(inventory, [item])
    await inventory.reservation.release({ items: [{ id: item.id, endProtection: false }] }, inventory.service())
  })
  await repair('reserved', `${sku}/MAIN`)
  await Promise.all(traffic)
  await expectBalanced(inventory)
})

test.each([
  ['held', 'update hold_lines set held = false where hold_id = $1'],
  ['expires_at', `update hold_lines set expires_at = expires_at - interval '1 hour' where hold_id = $1`],
  ['created_at', `update hold_lines set created_at = created_at - interval '1 hour' where hold_id = $1`],
])("a line's copy %s is rebuilt from its hold, in one audited event", async (_what, sql) => {
  const { id } = await held()
  await spoil(sql, id)
  await repair('hold_line', `${id}/1`)
  await expectBalanced(inventory)
  expect(await audited()).toMatchObject([
    {
      type: 'holdfast.hold_line.repaired.v1',
      subject: `${id}/1`,
      data: { before: { holdId: id }, after: { holdId: id, held: true } },
    },
  ])
  await expect(repair('hold_line', `${id}/1`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

/** Each leaves more than one way to make the books balance. */
const doubts: [string, string, string, 'level' | 'line'][] = [
  ['a hold whose state was changed', `update holds set state = 'RELEASED' where id = $1`, 'reserved', 'level'],
  ['a line whose copy was changed', `update hold_lines set held = false where hold_id = $1`, 'reserved', 'level'],
  ['a hold that is gone', 'delete from holds where id = $1', 'reserved', 'level'],
  ['lines that are gone', 'delete from hold_lines where hold_id = $1', 'reserved', 'level'],
  ['a sale without a movement', `update holds set state = 'COMMITTED', ended_at = now() where id = $1`, 'reserved', 'level'],
  ['a hold that is gone', 'delete from holds where id = $1', 'hold_line', 'line'],
  ['a hold whose state was changed', `update holds set state = 'RELEASED' where id = $1`, 'hold_line', 'line'],
  ['a sale without a movement', `update holds set state = 'COMMITTED', ended_at = now() where id = $1`, 'hold_line', 'line'],
  ['a time in doubt', `update holds set expires_at = expires_at + interval '1 s' where id = $1`, 'hold_line', 'line'],
]

test.each(doubts)('with %s (%s), %s is not repaired', async (_what, sql, kind, row) => {
  const { sku, id } = await held()
  await spoil(sql, id)
  if (kind === 'reserved') await spoil('update stock_levels set reserved = 3 where sku = $1', sku)
  await expect(repair(kind, row === 'level' ? `${sku}/MAIN` : `${id}/1`)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' })
  expect(await audited()).toEqual([])
})

test('more units held than are there is not repaired', async () => {
  const { sku } = await held(3, 5)
  await spoil('update stock_levels set on_hand = 2, reserved = 1 where sku = $1', sku)
  await expect(repair('reserved', `${sku}/MAIN`)).rejects.toMatchObject({
    code: 'ILLEGAL_TRANSITION',
    message: expect.stringContaining('3 units are held, and 2 are there'),
  })
})

test('every kind that the check of the own books names is repaired or refused with a reason', async () => {
  const kinds = ['bounds', 'on_hand', 'hold_without_lines', 'hold_expiry', 'hold_end', 'sale', 'order', 'return']
  for (const kind of kinds) {
    await expect(repair(kind, randomUUID())).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
      message: expect.stringContaining("can't be repaired"),
    })
  }
  await expect(repair('weather', 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(repair('constructor', 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(repair('reserved', 'a/b/c')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(repair('hold_line', 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(repair('reserved', 'NONE/MAIN')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('only an admin repairs', async () => {
  await expect(
    inventory.reservation.repairConsistency({ kind: 'reserved', id: 'X/MAIN' }, inventory.user()),
  ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})
