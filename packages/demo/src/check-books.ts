import type { SaleBooks } from '@holdfast/contracts/demo'
import { systemContext } from '@holdfast/service'

import { type Parts, serviceName } from './parts'
import type { Sale } from './sale'

/** Every row of the shop is looked at, in ms. */
const timeoutMs = 120_000

/** What the system says when a sale is over, beside what its shoppers were told. */
export async function checkBooks({ inventory, log }: Parts, { plan: { sku, stock }, paid }: Sale): Promise<SaleBooks> {
  const ctx = systemContext(serviceName, log, timeoutMs)
  const { consistent, differences, checked } = await inventory.checkConsistency({ archived: undefined }, ctx)
  const { availability } = await inventory.getAvailability({ skus: [sku], channel: '' }, ctx)
  const { onHand = 0, reserved = 0 } = availability[0] ?? {}
  const sold = stock - onHand
  return {
    balanced: consistent && sold === paid && sold <= stock,
    consistent,
    differences: differences.length,
    sold,
    onHand,
    reserved,
    paid,
    rowsChecked: Object.values(checked).reduce((sum, count) => sum + count, 0n),
  }
}
