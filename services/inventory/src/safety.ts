import { SafetyStockSet, type SetSafetyStockRequest, type SetSafetyStockResponse } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, type Database, fingerprint, idempotencyKey, operationId } from '@holdfast/service'

import { toLevel } from './sql/levels'
import { lockPlaces, nextPlace, setSafety } from './sql/move-units'
import { isRepeat } from './sql/operations'
import { checkSku, checkUnits, warehouseOrDefault } from './validate'

/**
 * Keeps so many sellable units of a level back from new holds. What is held already stays held, and it may be more than there is: then
 * nothing is available. As many as before change nothing and leave no event.
 */
export async function setSafetyStock(
  database: Database,
  request: SetSafetyStockRequest,
  ctx: CallContext,
): Promise<SetSafetyStockResponse> {
  const place = { sku: checkSku('sku', request.sku), warehouse: warehouseOrDefault('warehouse', request.warehouse) }
  const units = checkUnits('units', request.units, 0)
  const key = idempotencyKey(ctx, request.clientToken)
  const { requestId } = ctx
  return database.transaction(async (client) => {
    const before = (await lockPlaces(client, [place])).at(place)
    if (key !== undefined) {
      const print = fingerprint([place.sku, place.warehouse, units])
      // What others have set since stays.
      if (await isRepeat(client, operationId(ctx.actor.id, 'set-safety', key), print))
        return { level: toLevel(before), requestId, replayed: true }
    }
    if (before.safety === units) return { level: toLevel(before), requestId, replayed: false }
    const level = toLevel(await setSafety(client, place, units, requestId))
    const data = SafetyStockSet.toJSON({ before: toLevel(before), after: level })
    const [type, subject] = ['holdfast.safety_stock.set.v1', `${place.sku}/${place.warehouse}`]
    await appendEvents(client, [createEvent({ type, data, key: place.sku, subject, version: await nextPlace(client), ctx })])
    return { level, requestId, replayed: false }
  })
}
