import { readScarcest } from '../src/metrics'
import { hold, holdItem, makeProduct } from './builders'
import { startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
})
afterAll(async () => inventory.stop())

/** Each spoils one row behind the service's back; the check has to name it. */
const damages: [string, (sku: string, id: string) => string, (sku: string, id: string) => string][] = [
  ['reserved', (sku) => `update stock_levels set reserved = reserved + 1 where sku = '${sku}'`, (sku) => `${sku}/MAIN`],
  ['on_hand', (sku) => `update stock_levels set on_hand = on_hand + 1 where sku = '${sku}'`, (sku) => `${sku}/MAIN`],
  ['on_hand', (sku) => `delete from ledger where sku = '${sku}'`, (sku) => `${sku}/MAIN`],
  ['hold_line', (_sku, id) => `update hold_lines set held = false where hold_id = '${id}'`, (_sku, id) => `${id}/1`],
  [
    'hold_line',
    (_sku, id) => `update hold_lines set expires_at = expires_at + interval '1 s' where hold_id = '${id}'`,
    (_sku, id) => `${id}/1`,
  ],
  [
    'hold_line',
    (_sku, id) => `update hold_lines set created_at = created_at + interval '1 s' where hold_id = '${id}'`,
    (_sku, id) => `${id}/1`,
  ],
  ['hold_without_lines', (_sku, id) => `delete from hold_lines where hold_id = '${id}'`, (_sku, id) => id],
  ['hold_expiry', (_sku, id) => `update holds set expires_at = expires_at + interval '1 s' where id = '${id}'`, (_sku, id) => id],
  ['hold_end', (_sku, id) => `update holds set ended_at = now() where id = '${id}'`, (_sku, id) => id],
  ['sale', (_sku, id) => `update holds set state = 'COMMITTED' where id = '${id}'`, (_sku, id) => id],
  [
    'bounds',
    (sku) =>
      `alter table stock_levels drop constraint stock_levels_check, drop constraint stock_levels_check1; update stock_levels set reserved = on_hand + 1 where sku = '${sku}'`,
    (sku) => `${sku}/MAIN`,
  ],
]

test.each(damages.map(([kind, sql, id], index) => ({ kind, sql, id, index })))(
  'names a spoiled row: $kind ($index)',
  async ({ kind, sql, id }) => {
    const sku = await makeProduct(inventory, 5)
    const item = holdItem([{ sku, quantity: 2 }])
    await hold(inventory, [item])
    const before = await inventory.reservation.checkConsistency({}, inventory.admin())
    await inventory.database.pool.query(sql(sku, item.id))
    const after = await inventory.reservation.checkConsistency({}, inventory.admin())
    expect(after.consistent).toBe(false)
    const known = new Set(before.differences.map((difference) => `${difference.kind} ${difference.id}`))
    const found = after.differences.filter((difference) => !known.has(`${difference.kind} ${difference.id}`))
    expect(found).toContainEqual(expect.objectContaining({ kind, id: id(sku, item.id) }))
  },
)

test('without peers the answer shows that only the own books were checked', async () => {
  const { checked } = await inventory.reservation.checkConsistency({}, inventory.admin())
  expect(Object.keys(checked).sort()).toEqual(['holdLines', 'holds', 'ledgerEntries', 'products', 'shipmentLines', 'stockLevels'])
})

test('the database itself refuses more reserved than there is', async () => {
  const fresh = await startInventory()
  const sku = await makeProduct(fresh, 1)
  await expect(fresh.database.pool.query('update stock_levels set reserved = 2 where sku = $1', [sku])).rejects.toThrow(/check/i)
  await expect(fresh.database.pool.query('update stock_levels set reserved = -1 where sku = $1', [sku])).rejects.toThrow(/check/i)
  await fresh.stop()
})

test('stock below zero is told, also of a SKU that another warehouse has plenty of; safety stock is none', async () => {
  const fresh = await startInventory()
  const [scarce, spoiled] = [await makeProduct(fresh, 1), await makeProduct(fresh, 1)]
  await fresh.database.pool.query(`
    update stock_levels set safety = 5 where sku = '${scarce}';
    alter table stock_levels drop constraint stock_levels_check, drop constraint stock_levels_check1;
    update stock_levels set reserved = 4 where sku = '${spoiled}';
    insert into warehouses (code, name, created_by, fingerprint) values ('PLENTY', 'Plenty', gen_random_uuid(), '');
    insert into stock_levels (sku, warehouse, on_hand, reserved) values ('${spoiled}', 'PLENTY', 900, 0)`)
  const told = async (skus: number) =>
    (await readScarcest(fresh.database.pool, skus)).map(({ labels, value }) => [labels?.sku, value])
  expect(await told(1)).toEqual([[spoiled, -3]])
  expect((await told(2)).sort()).toEqual(
    [
      [scarce, 0],
      [spoiled, -3],
    ].sort(),
  )
  await fresh.stop()
})
