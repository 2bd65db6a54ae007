import type { ConfirmOrderRequest, ConfirmOrderResponse } from '@holdfast/contracts/order'
import { type CallContext, checkUuid } from '@holdfast/service'

import { paidByKey, pay } from './check-out'
import type { Deps } from './deps'
import { readOrder } from './get'
import { toOrder } from './order'
import { operationOf } from './operations'

/** Pays a placed order: the checkout of its reservation. */
export async function confirm(deps: Deps, request: ConfirmOrderRequest, ctx: CallContext): Promise<ConfirmOrderResponse> {
  const id = checkUuid('id', request.id)
  const operation = operationOf(ctx, 'confirm', request.clientToken, [id, request.paymentToken])
  const { reservation_id: reservationId } = await readOrder(deps.database.pool, id, ctx)
  const { order, replayed } =
    (await paidByKey(deps, operation, ctx)) ?? (await pay(deps, { reservationId, token: request.paymentToken, operation }, ctx))
  return { order: toOrder(order), requestId: ctx.requestId, replayed }
}
