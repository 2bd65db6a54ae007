/**
 * Random histories of one database against what a shop would keep on paper (model/paper.ts): truths 1, 2, 3 and 6 after every step.
 * HOLDFAST_HISTORIES says how many; HOLDFAST_HISTORY_SEED repeats a run, `seed:path` (a failure prints both) one history.
 */
import fc from 'fast-check'

import { expectBalanced } from './builders'
import { startInventory, type TestInventory } from './inventory-server'
import { holdSteps } from './model/hold-steps'
import { compare, openShop } from './model/shop'
import { stockSteps } from './model/stock-steps'

const [seed = '', ...path] = (process.env.HOLDFAST_HISTORY_SEED ?? '').split(':')
const histories = Number(process.env.HOLDFAST_HISTORIES ?? 40)
const patienceMs = 120_000 + histories * 10_000

let inventory: TestInventory
beforeAll(async () => {
  inventory = await startInventory()
  await inventory.reservation.createWarehouse({ code: 'NORTH', name: 'North', clientToken: '' }, inventory.admin())
})
afterAll(async () => inventory.stop())

/** Of three products in two warehouses. */
const stock = fc.array(fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 2 }), { minLength: 3, maxLength: 3 })
const steps = fc.array(fc.oneof(...holdSteps, ...stockSteps), { minLength: 20, maxLength: 60, size: 'max' })

test(
  'any history of holds, their changes and ends, promises, and what is done to stock by hand is what the paper says',
  async () => {
    await fc.assert(
      fc.asyncProperty(stock, fc.boolean(), steps, async (units, ascending, history) => {
        const shop = await openShop(inventory, units, ascending)
        for (const one of history) {
          await one.run(shop)
          await compare(shop)
        }
        await expectBalanced(inventory)
      }),
      { numRuns: histories, ...(seed !== '' && { seed: Number(seed) }), ...(path.length > 0 && { path: path.join(':') }) },
    )
  },
  patienceMs,
)
