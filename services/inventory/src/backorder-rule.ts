/** That a product may be reserved beyond stock (docs/decisions/034, "Promises"). */
import type { BackorderPolicy } from '@holdfast/contracts/inventory'
import { checkTime, type Database, HoldfastError, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { findPromises, makeLevel, warehouseIsThere } from './sql/promises'
import { checkUnits, warehouseOrDefault } from './validate'

/** The most units of a product that may be promised at once. */
const mostPromised = 1_000_000

/** In its one form. @throws INVALID_ARGUMENT */
export function checkBackorder({ cap, until, warehouse }: BackorderPolicy): BackorderPolicy {
  return {
    cap: checkUnits('backorder.cap', cap, 1, mostPromised),
    until: until && checkTime('backorder.until', until),
    warehouse: warehouseOrDefault('backorder.warehouse', warehouse),
  }
}

export function noBackorderOfBundle(): HoldfastError {
  return invalidField('backorder', 'a bundle has no stock that could arrive: its parts may have a backorder each')
}

/** @throws NOT_FOUND */
export async function checkWarehouseIsThere(client: PoolClient, { warehouse }: BackorderPolicy): Promise<void> {
  if (await warehouseIsThere(client, warehouse)) return
  const fields = [{ field: 'backorder.warehouse', message: 'there is no such warehouse' }]
  throw new HoldfastError('NOT_FOUND', `There is no warehouse ${warehouse}`, { fields })
}

/**
 * A promise is made in a level, so there has to be one. In a transaction of its own, before the product's rules are locked: who makes a
 * level waits for the product (a foreign key), and who changes its rules must wait for nobody who waits for him.
 * @throws NOT_FOUND when there is no such warehouse
 */
export async function ensureBackorderLevel(database: Database, sku: string, rule: BackorderPolicy): Promise<void> {
  await database.transaction(async (client) => {
    await checkWarehouseIsThere(client, rule)
    await makeLevel(client, sku, rule.warehouse)
  })
}

/** Under the locks of the product's rules. @throws ILLEGAL_TRANSITION while units are promised in another warehouse */
export async function checkBackorderChange(client: PoolClient, sku: string, { warehouse }: BackorderPolicy): Promise<void> {
  const elsewhere = (await findPromises(client, sku)).find((level) => level.warehouse !== warehouse)
  if (elsewhere === undefined) return
  const { promised, warehouse: where } = elsewhere
  const fields = [{ field: 'backorder.warehouse', message: `must stay ${where} while units are promised there` }]
  throw new HoldfastError('ILLEGAL_TRANSITION', `${promised} units of ${sku} are promised in ${where}`, { fields })
}
