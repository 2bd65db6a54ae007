import type { GetOrderRequest, GetOrderResponse } from '@holdfast/contracts/order'
import { type CallContext, checkUuid, notFound } from '@holdfast/service'
import type { Pool } from 'pg'

import type { Deps } from './deps'
import { isVisible, type OrderRow, toOrder } from './order'
import { findOrder } from './sql/orders'

export async function get(deps: Deps, request: GetOrderRequest, ctx: CallContext): Promise<GetOrderResponse> {
  const order = await readOrder(deps.database.pool, checkUuid('id', request.id), ctx)
  return { order: toOrder(order), requestId: ctx.requestId }
}

/** @throws NOT_FOUND also for another's (truth 10) */
export async function readOrder(pool: Pool, id: string, ctx: CallContext): Promise<OrderRow> {
  const order = await findOrder(pool, id)
  if (!isVisible(order, ctx)) throw notFound('order', id)
  return order
}
