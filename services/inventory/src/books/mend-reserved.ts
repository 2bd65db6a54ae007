import { type Difference, StockRepaired } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, invalidField } from '@holdfast/service'

import { toLevel } from '../sql/levels'
import { findDoubtfulHold, lockKnownLevel, setReserved, sumHeldUnits } from '../sql/repair'
import { checkSku, checkWarehouse } from '../validate'
import type { Books } from './books'
import { inDoubt, noDifference } from './refusals'

const kind = 'reserved'

/**
 * `reserved` of one level becomes the sum of what is held of it, if every hold that has to do with it is beyond doubt.
 * Locks: the stock row; the sum under it reads all that is held.
 */
export async function mendReserved({ database }: Books, id: string, ctx: CallContext): Promise<Difference> {
  const [first = '', second = '', ...more] = id.split('/')
  if (more.length > 0) throw invalidField('id', 'must be SKU/WAREHOUSE')
  const [sku, warehouse] = [checkSku('id', first), checkWarehouse('id', second)]
  return database.transaction(async (client) => {
    const before = await lockKnownLevel(client, sku, warehouse)
    const held = await sumHeldUnits(client, sku, warehouse)
    if (before === undefined && held > 0n) throw inDoubt(kind, id, 'there is no such stock level')
    if (before === undefined || BigInt(before.reserved) === held) throw noDifference(kind, id)
    const doubtful = await findDoubtfulHold(client, sku, warehouse)
    if (doubtful !== undefined) throw inDoubt(kind, id, `hold ${doubtful} does not balance itself; settle that first`)
    const sellable = before.on_hand - before.damaged - before.quality
    if (held > BigInt(sellable)) throw inDoubt(kind, id, `${held} units are held, and ${sellable} are there`)
    await setReserved(client, before, held, ctx.requestId)
    const after = { ...before, reserved: Number(held), free: before.free + before.reserved - Number(held) }
    await appendEvents(client, [
      createEvent({
        type: 'holdfast.stock.repaired.v1',
        data: StockRepaired.toJSON({ before: toLevel(before), after: toLevel(after) }),
        key: sku,
        subject: `${sku}/${warehouse}`,
        version: before.version + 1n,
        ctx,
      }),
    ])
    return { kind, id, expected: String(held), found: String(before.reserved) }
  })
}
