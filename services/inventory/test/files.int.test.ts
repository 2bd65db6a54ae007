/** The catalogue and the stock as CSV, over gRPC: all rows or none, each as if it had been done by hand, and the books balance. */
import type { ExportProductsResponse } from '@holdfast/contracts/inventory'
import { HoldfastError } from '@holdfast/service'
import { randomUUID } from 'node:crypto'

import { type InventoryPeer, startInventory, type TestInventory } from './inventory-server'

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory(2)
})
afterAll(async () => inventory?.stop())
afterEach(async () => {
  const { consistent, differences } = await inventory.gateway.checkConsistency({}, inventory.admin())
  expect({ consistent, differences }).toEqual({ consistent: true, differences: [] })
})

const csv = (...lines: string[]) => ({ contentType: 'text/csv', data: Buffer.from(lines.join('\r\n')), extensions: [] })

type ProductsRequest = Parameters<InventoryPeer['importProducts']>[0]
type StockRequest = Parameters<InventoryPeer['importStock']>[0]

const importProducts = async (lines: string[], more: Partial<ProductsRequest> = {}, ctx = inventory.admin()) =>
  inventory.gateway.importProducts({ file: csv(...lines), validateOnly: false, assumed: [], clientToken: '', ...more }, ctx)

const importStock = async (lines: string[], more: Partial<StockRequest> = {}, ctx = inventory.admin()) =>
  inventory.gateway.importStock(
    {
      file: csv(...lines),
      validateOnly: false,
      reason: '',
      reasonCode: 'REASON_CODE_UNSPECIFIED',
      reference: '',
      clientToken: '',
      ...more,
    },
    ctx,
  )

/** The code and the fields of a refusal. */
async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof HoldfastError)) throw new Error(`not refused: ${String(error)}`)
  return { code: error.code, fields: error.fields }
}

const newSku = (): string => `S-${randomUUID().slice(0, 8).toUpperCase()}`

async function text(stream: AsyncIterable<ExportProductsResponse>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const { file } of stream) parts.push(file?.data ?? new Uint8Array())
  return Buffer.concat(parts).toString()
}

const product = async (sku: string) => (await inventory.gateway.getProduct({ sku }, inventory.admin())).product

const level = async (sku: string, warehouse = 'MAIN') => {
  const { availability } = await inventory.gateway.getAvailability({ skus: [sku], channel: '' }, inventory.admin())
  return availability[0]?.warehouses.find((one) => one.warehouse === warehouse)
}

/** Types and subjects of the events of a request, in their order. */
async function eventsOf(requestId: string): Promise<{ type: string; subject: string; data: Record<string, unknown> }[]> {
  const { rows } = await inventory.database.pool.query<{ type: string; subject: string; data: Record<string, unknown> }>(
    'select type, subject, data from outbox where request_id = $1 and audit order by place',
    [requestId],
  )
  return rows
}

async function hold(sku: string, quantity: number): Promise<void> {
  const { results } = await inventory.reservation.hold(
    {
      items: [
        {
          id: randomUUID(),
          owner: randomUUID(),
          fingerprint: 'f',
          ttlSeconds: 600,
          lines: [{ sku, warehouse: '', quantity }],
          requestId: 'r',
          strategy: 'STRATEGY_UNSPECIFIED',
          channel: '',
          allowSplit: false,
          splitBy: 'SPLIT_UNSPECIFIED',
        },
      ],
    },
    inventory.service(),
  )
  expect(results[0]?.hold?.state).toBe('HELD')
}

describe('products', () => {
  test('are made and changed as the rows say, what no column says stays, and each leaves one record', async () => {
    const [tea, cup] = [newSku(), newSku()]
    const ctx = inventory.admin()
    const header = 'sku,name,description,price,currency,low_stock_at,most_per_shopper'
    const made = await importProducts([header, `${tea},Tea,"green, loose",4.50,EUR,5,2`, `${cup},Cup,,1200,JPY,,`])
    expect(made).toMatchObject({ created: 2, changed: 0, unchanged: 0, replayed: false })
    expect(await product(tea)).toMatchObject({
      name: 'Tea',
      description: 'green, loose',
      price: { currency: 'EUR', amountMinor: 450n },
      lowStockAt: 5,
      mostPerShopper: 2,
    })
    const changed = await importProducts(['sku,price,currency', `${tea},5,EUR`, `${cup},1200,JPY`], {}, ctx)
    expect(changed).toMatchObject({ created: 0, changed: 1, unchanged: 1 })
    expect(await product(tea)).toMatchObject({ name: 'Tea', price: { amountMinor: 500n }, lowStockAt: 5, version: 2 })
    expect(await eventsOf(changed.requestId)).toMatchObject([
      {
        type: 'holdfast.product.updated.v1',
        subject: tea,
        data: { before: { price: { amountMinor: '450' } }, after: { price: { amountMinor: '500' }, version: 2 } },
      },
    ])
    // An empty cell says that there is none.
    await importProducts(['sku,low_stock_at,most_per_shopper', `${tea},,`])
    const bare = await product(tea)
    expect([bare?.lowStockAt, bare?.mostPerShopper]).toEqual([undefined, undefined])
  })

  test('with one bad row among thousands are all refused, and the row is named', async () => {
    const prefix = newSku()
    const rows = Array.from({ length: 4_000 }, (_, index) => `${prefix}-${index},Product ${index},1.00,USD`)
    rows[2_345] = `${prefix}-2345,Product 2345,one,USD`
    const lines = ['sku,name,price,currency', ...rows]
    expect(await refusal(importProducts(lines))).toEqual({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'line 2347, price', message: 'must be a number with a point, as 12.50' }],
    })
    rows[2_345] = `${prefix}-2345,,1.00,USD`
    expect(await refusal(importProducts(['sku,name,price,currency', ...rows]))).toMatchObject({
      fields: [{ field: 'line 2347, name' }],
    })
    const { rows: found } = await inventory.database.pool.query('select from products where sku like $1', [`${prefix}-%`])
    expect(found).toHaveLength(0)
  })

  test('that do not fit what is there are refused after the first rows were fine, and nothing is written', async () => {
    const [fine, bundle, part] = [newSku(), newSku(), newSku()]
    await importProducts(['sku,name,price,currency,parts', `${part},Part,1,USD,`, `${bundle},Set,2,USD,${part}:2`])
    expect((await product(bundle))?.parts).toEqual([{ sku: part, quantity: 2 }])
    const header = 'sku,name,price,currency,low_stock_at,parts'
    const bad = [
      `${fine},Fine,1,USD,,`,
      `${bundle},Set,2,USD,,`,
      `${part},Part,1,USD,,${fine}:1`,
      `${newSku()},Nest,1,USD,,${bundle}:1 NO-SUCH:1`,
    ]
    expect(await refusal(importProducts([header, ...bad]))).toEqual({
      code: 'INVALID_ARGUMENT',
      fields: [
        { field: 'line 3, parts', message: `${bundle} is a bundle, and stays one` },
        { field: 'line 4, parts', message: `${part} is no bundle, and does not become one` },
        // Its parts are in the order of their SKUs.
        { field: 'line 5, parts', message: 'there is no product NO-SUCH' },
        { field: 'line 5, parts', message: `${bundle} is a bundle itself` },
      ],
    })
    expect(await refusal(importProducts(['sku,price,currency', `${fine},1,USD`]))).toEqual({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'line 2, name', message: `is needed: there is no product ${fine} yet` }],
    })
    await expect(product(fine)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('can be looked at only', async () => {
    const [sku, part] = [newSku(), newSku()]
    const lines = ['sku,name,price,currency,parts', `${sku},Set,1,USD,${part}:1`]
    expect(await refusal(importProducts(lines, { validateOnly: true }))).toMatchObject({ fields: [{ field: 'line 2, parts' }] })
    const look = await importProducts(lines, { validateOnly: true, assumed: [part.toLowerCase()] })
    expect(look).toMatchObject({ created: 1, changed: 0 })
    await expect(product(sku)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await refusal(importProducts(lines, { assumed: [part] }))).toMatchObject({ fields: [{ field: 'assumed' }] })
  })

  test('are imported once for each key, which belongs to the content', async () => {
    const [sku, ctx] = [newSku(), inventory.admin()]
    const key = { clientToken: randomUUID() }
    const lines = ['sku,name,price,currency', `${sku},One,1,USD`]
    const replies = await Promise.all(Array.from({ length: 5 }, async () => importProducts(lines, key, ctx)))
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(replies.map(({ created }) => created)).toEqual([1, 1, 1, 1, 1])
    await importProducts(['sku,name', `${sku},Two`])
    expect(await importProducts(lines, key, ctx)).toMatchObject({ created: 1, replayed: true })
    expect(await product(sku)).toMatchObject({ name: 'Two', version: 2 })
    expect(await refusal(importProducts(['sku,name', `${sku},Three`], key, ctx))).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })

  test('of two admins at once, beside changes by hand, are those of the one and then of the other', async () => {
    const skus = Array.from({ length: 300 }, () => newSku())
    const header = 'sku,name,price,currency,most_per_shopper'
    const files = ['Ada', 'Bob'].map((name, index) => [
      header,
      ...(index === 0 ? skus : skus.toReversed()).map((sku) => `${sku},${name},1,USD,${index + 1}`),
    ])
    const rounds = Array.from({ length: 4 }, async (_, round) => importProducts(files[round % 2] ?? []))
    const byHand = Promise.allSettled(
      skus
        .slice(0, 20)
        .map(async (sku) =>
          inventory.gateway.updateProduct(
            { sku, name: 'Eve', description: undefined, price: undefined, parts: [], mostPerShopper: 3 },
            inventory.admin(),
          ),
        ),
    )
    const replies = await Promise.all(rounds)
    for (const result of await byHand) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(replies.reduce((sum, { created }) => sum + created, 0)).toBe(300)
    const names = await Promise.all(skus.slice(20).map(async (sku) => (await product(sku))?.name))
    expect(new Set(names).size).toBe(1)
  })

  test('a limit counts what shoppers hold already', async () => {
    const sku = newSku()
    await importProducts(['sku,name,price,currency', `${sku},A,1,USD`])
    await importStock(['sku,warehouse,on_hand', `${sku},MAIN,5`])
    await hold(sku, 3)
    await importProducts(['sku,most_per_shopper', `${sku},4`])
    const { rows } = await inventory.database.pool.query('select units from shopper_claims where sku = $1', [sku])
    expect(rows).toEqual([{ units: 3 }])
  })
})

describe('stock', () => {
  async function stocked(units: number): Promise<string> {
    const sku = newSku()
    await importProducts(['sku,name,price,currency', `${sku},A,1,USD`])
    await importStock(['sku,warehouse,on_hand', `${sku},MAIN,${units}`])
    return sku
  }

  test('is set, in every state, by adjustments that the history explains, one record each', async () => {
    const sku = await stocked(10)
    const reply = await importStock(['sku,warehouse,on_hand,expected_on_hand,damaged,safety', `${sku},MAIN,12,10,3,2`], {
      reason: 'stocktake',
      reasonCode: 'COUNT',
      reference: 'ST-1',
    })
    expect(reply).toMatchObject({ changed: 1, unchanged: 0 })
    expect(await level(sku)).toMatchObject({ onHand: 12, available: 7, withheld: 5 })
    const { movements } = await inventory.gateway.getStockHistory(
      { sku, warehouse: '', pageSize: 10, pageToken: '' },
      inventory.admin(),
    )
    expect(movements.slice(0, 2)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'ADJUSTMENT', delta: 3, to: 'DAMAGED', reason: 'stocktake', reasonCode: 'COUNT' }),
        expect.objectContaining({ kind: 'ADJUSTMENT', delta: -1, from: 'SELLABLE', reference: 'ST-1' }),
      ]),
    )
    const events = await eventsOf(reply.requestId)
    expect(events.map(({ type }) => type)).toEqual([
      'holdfast.stock.adjusted.v1',
      'holdfast.stock.adjusted.v1',
      'holdfast.safety_stock.set.v1',
    ])
    const [first, second, safety] = events
    expect(second?.data['before']).toEqual(first?.data['after'])
    expect(safety?.data['after']).toMatchObject({ onHand: 12, damaged: 3, safety: 2, available: 7 })
    const same = await importStock(['sku,warehouse,on_hand,damaged', `${sku},MAIN,12,3`])
    expect(same).toMatchObject({ changed: 0, unchanged: 1 })
    expect(await eventsOf(same.requestId)).toEqual([])
  })

  test('that is reserved, not as expected, or of what there is not, is refused by its row, and nothing moves', async () => {
    const [held, counted] = [await stocked(10), await stocked(10)]
    await hold(held, 4)
    const rows = [`${counted},MAIN,1`, `${held},MAIN,3`]
    expect(await refusal(importStock(['sku,warehouse,on_hand', ...rows]))).toEqual({
      code: 'INSUFFICIENT_STOCK',
      fields: [{ field: 'line 3, on_hand', message: 'would leave less than the 4 units that are reserved' }],
    })
    expect(await refusal(importStock(['sku,warehouse,delta', `${held},MAIN,-7`]))).toMatchObject({
      fields: [{ field: 'line 2, delta' }],
    })
    const expecting = ['sku,warehouse,on_hand,expected_on_hand', `${counted},MAIN,1,10`, `${held},MAIN,9,11`]
    expect(await refusal(importStock(expecting))).toEqual({
      code: 'CONFLICT',
      fields: [{ field: 'line 3, expected_on_hand', message: 'is 10' }],
    })
    expect(
      await refusal(importStock(['sku,warehouse,on_hand', `${counted},MAIN,1`, `${counted},MARS,1`, 'NO-SUCH,MAIN,1'])),
    ).toEqual({
      code: 'INVALID_ARGUMENT',
      fields: [
        { field: 'line 3, warehouse', message: 'there is no warehouse MARS' },
        { field: 'line 4, sku', message: 'there is no product NO-SUCH' },
      ],
    })
    expect(await level(counted)).toMatchObject({ onHand: 10 })
    expect(await importStock(['sku,warehouse,on_hand', `${held},MAIN,4`])).toMatchObject({ changed: 1 })
  })

  test.each([
    [1, 5],
    [5, 1],
  ])('of due holds is free (%d of %d units)', async (holds, units) => {
    const sku = await stocked(5)
    for (let made = 0; made < holds; made++) await hold(sku, units)
    await inventory.database.pool.query(
      `with due as (update holds set expires_at = clock_timestamp() - interval '1 s', base_expires_at = clock_timestamp() - interval '1 s'
                    where id in (select hold_id from hold_lines where sku = $1) returning id, expires_at)
       update hold_lines l set expires_at = due.expires_at from due where l.hold_id = due.id`,
      [sku],
    )
    const lines = ['sku,warehouse,on_hand', `${sku},MAIN,2`]
    // Who only looks gets the same answer, and ends no hold.
    expect(await importStock(lines, { validateOnly: true })).toMatchObject({ changed: 1 })
    const { rows } = await inventory.database.pool.query(
      'select count(*)::integer as held from hold_lines where sku = $1 and held',
      [sku],
    )
    expect(rows).toEqual([{ held: holds }])
    expect(await importStock(lines)).toMatchObject({ changed: 1 })
    expect(await level(sku)).toMatchObject({ onHand: 2, reserved: 0 })
  })

  test('is moved once for each key', async () => {
    const sku = await stocked(5)
    const [ctx, key] = [inventory.admin(), { clientToken: randomUUID() }]
    const lines = ['sku,warehouse,delta', `${sku},MAIN,3`]
    await Promise.all(Array.from({ length: 4 }, async () => importStock(lines, key, ctx)))
    expect(await level(sku)).toMatchObject({ onHand: 8 })
    expect(await refusal(importStock(lines, { ...key, reason: 'other' }, ctx))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  })

  test('is exported as it is imported again, and says what to expect where that is asked for', async () => {
    const sku = await stocked(10)
    await importStock(['sku,warehouse,on_hand,damaged,quality,safety', `${sku},MAIN,10,1,2,3`])
    const { admin, gateway } = inventory
    const stock = async (expecting: boolean) => text(gateway.exportStock({ expecting }, admin()))
    const whole = await stock(true)
    expect(whole).toContain('sku,warehouse,on_hand,damaged,quality,safety,expected_on_hand\r\n')
    expect(whole).toContain(`\r\n${sku},MAIN,10,1,2,3,10\r\n`)
    expect(await stock(false)).toContain(`\r\n${sku},MAIN,10,1,2,3\r\n`)
    const rows = whole.trimEnd().split('\r\n').length - 1
    expect(await importStock([whole])).toMatchObject({ changed: 0, unchanged: rows })
    const products = await text(gateway.exportProducts({}, admin()))
    expect(products).toContain(`\r\n${sku},A,,1.00,USD,,,,\r\n`)
  })

  test('of shoppers who hold and buy meanwhile is never sold twice', async () => {
    const skus = await Promise.all(Array.from({ length: 20 }, async () => stocked(50)))
    const shopping = Array.from({ length: 200 }, async (_, index) => hold(skus[index % 20] ?? '', 1))
    const deltas = Array.from({ length: 6 }, async () =>
      importStock(['sku,warehouse,delta', ...skus.map((sku) => `${sku},MAIN,2`)]),
    )
    await Promise.all([...shopping, ...deltas])
    for (const sku of skus) expect(await level(sku)).toMatchObject({ onHand: 62, reserved: 10 })
  })
})

test('what is exported makes the same shop of an empty one', async () => {
  const [cup, set] = [newSku(), newSku()]
  await importProducts([
    'sku,name,description,price,currency,low_stock_at,most_per_shopper,waitlist_first,parts',
    `${cup},"Cup, ""blue""","-5 %, today",4.50,EUR,3,2,yes,`,
    `${set},Set,,9,JPY,,1,,${cup}:2`,
  ])
  await importStock(['sku,warehouse,on_hand,damaged,quality,safety', `${cup},MAIN,9,1,2,3`])
  const other = await startInventory()
  try {
    const exported = async ({ gateway, admin }: TestInventory) => ({
      products: await text(gateway.exportProducts({}, admin())),
      stock: await text(gateway.exportStock({ expecting: false }, admin())),
    })
    const before = await exported(inventory)
    const shared = { validateOnly: false, clientToken: '' }
    await other.gateway.importProducts({ file: csv(before.products), assumed: [], ...shared }, other.admin())
    const cause = { reason: '', reasonCode: 'REASON_CODE_UNSPECIFIED', reference: '' } as const
    await other.gateway.importStock({ file: csv(before.stock), ...cause, ...shared }, other.admin())
    expect(await exported(other)).toEqual(before)
  } finally {
    await other.stop()
  }
})

test('a page of products whose descriptions are as long as they may be is exported too', async () => {
  const other = await startInventory()
  try {
    // More than the 8 MiB of one message, in fewer rows than are read at a time.
    await other.database.pool.query(`
      insert into products (sku, name, description, currency, price_minor, created_by, fingerprint)
      select 'LONG-' || number, 'x', repeat('€', 5000), 'USD', 1, gen_random_uuid(), ''
      from generate_series(100, 699) number`)
    const lines = (await text(other.gateway.exportProducts({}, other.admin()))).split('\r\n').slice(1, -1)
    expect(lines.map((line) => line.slice(0, line.lastIndexOf('€') + 1))).toEqual(
      Array.from({ length: 600 }, (_, index) => `LONG-${index + 100},x,${'€'.repeat(5_000)}`),
    )
  } finally {
    await other.stop()
  }
})

describe('a file', () => {
  test('is bounded, and has to be there', async () => {
    const rows = Array.from({ length: 5_001 }, (_, index) => `BOUND-${index},x`)
    expect(await refusal(importProducts(['sku,name', ...rows]))).toEqual({
      code: 'INVALID_ARGUMENT',
      fields: [{ field: 'file', message: 'must have at most 5000 rows after its header' }],
    })
    expect(await refusal(importProducts([]))).toMatchObject({ fields: [{ field: 'file', message: 'is needed' }] })
    expect(await refusal(importProducts(['sku,colour', 'A,red']))).toMatchObject({ fields: [{ field: 'line 1' }] })
  })

  test('is for admins', async () => {
    const { gateway, user } = inventory
    expect((await refusal(importProducts(['sku,name', 'A,x'], {}, user()))).code).toBe('PERMISSION_DENIED')
    expect((await refusal(importStock(['sku,warehouse,delta', 'A,MAIN,1'], {}, user()))).code).toBe('PERMISSION_DENIED')
    await expect(text(gateway.exportStock({ expecting: false }, user()))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
  })
})
