/** What this service publishes: crossings of stock, and every change of a webhook endpoint. */
import { StockCameBack, StockRanLow, StockRanOut, type StockState as StockStateMessage } from '@holdfast/contracts/notification'
import { createEvent, type EventContext, type NewEvent, type PublishedEvent } from '@holdfast/events'

import { byUs } from './parts'
import type { EndpointRow } from './sql/endpoints'
import type { StateRow } from './sql/stock'
import type { Crossing, StockState } from './stock/crossing'

/** A state, and the threshold that it was judged by. */
export interface JudgedState extends Pick<StateRow, 'sku' | 'available' | 'on_hand' | 'version'> {
  state: StockState
  lowAt: number
}

const stockMessages = { ran_low: StockRanLow, ran_out: StockRanOut, came_back: StockCameBack }

/** @param cause the event of what crossed, the level or the threshold; its request id goes on */
export function stockEvent(what: Crossing, before: JudgedState, after: JudgedState, cause: PublishedEvent): NewEvent {
  const message = ({ sku, state, available, on_hand: onHand, lowAt }: JudgedState): StockStateMessage => ({
    sku,
    state,
    available,
    onHand,
    lowAt,
  })
  return createEvent({
    type: `holdfast.stock.${what}.v1`,
    data: stockMessages[what].toJSON({ before: message(before), after: message(after) }),
    key: after.sku,
    subject: after.sku,
    version: after.version,
    ctx: byUs(cause),
  })
}

export type EndpointEvent =
  | 'created'
  | 'updated'
  | 'deleted'
  | 'paused'
  | 'resumed'
  | 'secret_rotated'
  | 'replayed'
  | 'delivery_skipped'

/**
 * @param endpoint as it is after the change, its version included
 * @param data proto3 JSON of the event's message; it carries no secret
 */
export function endpointEvent(
  what: EndpointEvent,
  endpoint: Pick<EndpointRow, 'id' | 'version'>,
  data: unknown,
  ctx: EventContext,
): NewEvent {
  const type = `holdfast.webhook_endpoint.${what}.v1`
  return createEvent({ type, data, key: endpoint.id, subject: endpoint.id, version: BigInt(endpoint.version), ctx })
}
