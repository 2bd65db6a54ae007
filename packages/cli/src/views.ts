/** How each kind of thing is shown to people; with `--json` it is as the API has it. */
import type {
  AuditRecord,
  Availability,
  Difference,
  Order,
  Product,
  ProductHold,
  ProductWaitlistPlace,
  Reservation,
  SalesChannel,
  Shipment,
  StockLevel,
  StockMovement,
  User,
  WaitlistEntry,
  Warehouse,
  WebhookDelivery,
  WebhookEndpoint,
} from '@holdfast/client'

import { showMoney } from './money'
import type { View } from './output'
import type { Cell, Tone } from './table'
import { at, inWords, timeLeft } from './time'

export const productView: View<Product> = {
  id: ({ sku }) => sku,
  columns: {
    sku: ({ sku }) => sku,
    name: ({ name }) => name,
    price: ({ price }) => price && showMoney(price),
  },
  more: {
    description: ({ description }) => description,
    'made of': ({ parts }) => inLines(parts),
    'most per shopper': ({ mostPerShopper }) => mostPerShopper,
    'beyond stock': ({ backorder }) => backorder && `${backorder.cap} in ${backorder.warehouse}`,
    'expected at': ({ backorder }) => at(backorder?.until),
    'low at': ({ lowStockAt }) => lowStockAt,
    'those who wait come first': ({ waitlistFirst }) => (waitlistFirst ? 'yes' : ''),
    version: ({ version }) => version,
    created: ({ createdAt }) => at(createdAt),
    updated: ({ updatedAt }) => at(updatedAt),
  },
}

/** One SKU over all warehouses, or in one. */
export type AvailabilityRow = Pick<Availability, 'sku' | 'onHand' | 'reserved' | 'available' | 'withheld' | 'incoming'> & {
  warehouse: string
}

/** The sum, and each warehouse where there are several. */
export function toRows(level: Availability): AvailabilityRow[] {
  const { sku, warehouses } = level
  if (warehouses.length === 1) return [{ ...level, warehouse: warehouses[0]?.warehouse ?? '' }]
  return [{ ...level, warehouse: '' }, ...warehouses.map((each) => ({ ...each, sku }))]
}

export const availabilityView: View<AvailabilityRow> = {
  id: ({ sku }) => sku,
  columns: {
    sku: ({ sku }) => sku,
    warehouse: ({ warehouse }) => warehouse,
    available: ({ available }) => ({ text: String(available), tone: available > 0 ? 'good' : 'bad' }),
    'on hand': ({ onHand }) => onHand,
    reserved: ({ reserved }) => reserved,
    withheld: ({ withheld }) => withheld,
    incoming: ({ incoming }) => incoming,
  },
}

export const levelView: View<StockLevel> = {
  id: ({ sku, warehouse }) => `${sku}/${warehouse}`,
  columns: {
    ...availabilityView.columns,
    damaged: ({ damaged }) => damaged,
    quality: ({ quality }) => quality,
    safety: ({ safety }) => safety,
    promised: ({ promised }) => promised,
  },
}

export const movementView: View<StockMovement> = {
  id: ({ id }) => id,
  columns: {
    at: (movement) => at(movement.at),
    kind: ({ kind }) => kind,
    warehouse: ({ warehouse }) => warehouse,
    delta: ({ delta }) => (delta > 0 ? `+${delta}` : delta),
    units: ({ quantity }) => quantity,
    from: ({ from }) => from,
    to: ({ to }) => to,
    reason: ({ reason, reasonCode }) => [reasonCode.replace('REASON_CODE_UNSPECIFIED', ''), reason].filter(Boolean).join(': '),
    reference: ({ reference }) => reference,
    by: ({ actor }) => actor?.id,
  },
}

export const holdView: View<ProductHold> = {
  id: ({ holdId }) => holdId,
  columns: {
    state: ({ state }) => status(state),
    'time left': ({ secondsLeft }) => inWords(secondsLeft),
    age: ({ ageSeconds }) => inWords(ageSeconds),
    units: ({ quantity }) => quantity,
    warehouse: ({ warehouse }) => warehouse,
    user: ({ userId }) => userId,
    reservation: ({ holdId }) => holdId,
    '': (hold) => (hold.protected ? 'payment under way' : ''),
  },
}

export const reservationView: View<Reservation> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    status: (reservation) => status(reservation.status),
    'time left': (reservation) => (reservation.status === 'ACTIVE' ? timeLeft(reservation.expiresAt) : ''),
    lines: ({ lines }) => inLines(lines),
    created: ({ createdAt }) => at(createdAt),
  },
  more: {
    expires: ({ expiresAt }) => at(expiresAt),
    user: ({ userId }) => userId,
    'part of': ({ parentId }) => parentId,
    version: ({ version }) => version,
  },
}

export const orderView: View<Order> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    status: (order) => status(order.status),
    payment: ({ paymentStatus }) => status(paymentStatus),
    total: ({ total }) => total && showMoney(total),
    lines: ({ lines }) => inLines(lines),
    created: ({ createdAt }) => at(createdAt),
  },
  more: {
    reservation: ({ reservationId }) => reservationId,
    user: ({ userId }) => userId,
    'cancelled because': ({ cancelReason }) => cancelReason,
    version: ({ version }) => version,
  },
}

export const shipmentView: View<Shipment> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    state: ({ state }) => status(state),
    kind: ({ kind }) => kind,
    from: ({ fromWarehouse, supplier }) => fromWarehouse || supplier,
    to: ({ warehouse }) => warehouse,
    expected: ({ expectedAt }) => at(expectedAt),
    'on the way': ({ lines }) =>
      inLines(lines.map(({ sku, open }) => ({ sku, quantity: open })).filter(({ quantity }) => quantity > 0)),
    received: ({ lines }) =>
      inLines(lines.map(({ sku, received }) => ({ sku, quantity: received })).filter(({ quantity }) => quantity > 0)),
  },
  more: {
    'written off': ({ lines }) =>
      inLines(lines.map(({ sku, writtenOff }) => ({ sku, quantity: writtenOff })).filter(({ quantity }) => quantity > 0)),
    reference: ({ reference }) => reference,
    created: ({ createdAt }) => at(createdAt),
    version: ({ version }) => version,
  },
}

export const warehouseView: View<Warehouse> = {
  id: ({ code }) => code,
  columns: {
    code: ({ code }) => code,
    name: ({ name }) => name,
    priority: ({ priority }) => priority,
    version: ({ version }) => version,
  },
}

export const channelView: View<SalesChannel> = {
  id: ({ code }) => code,
  columns: {
    code: ({ code }) => code,
    name: ({ name }) => name,
    warehouses: ({ warehouses }) => warehouses.join(', '),
    version: ({ version }) => version,
  },
}

export const userView: View<User> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    email: ({ email }) => email,
    role: ({ role }) => role,
    created: ({ createdAt }) => at(createdAt),
  },
}

export const auditView: View<AuditRecord> = {
  id: ({ sequence }) => sequence,
  columns: {
    sequence: ({ sequence }) => sequence,
    at: (record) => at(record.at),
    action: ({ action }) => action,
    object: ({ objectType, objectId }) => `${objectType} ${objectId}`,
    by: ({ actor }) => actor && `${actor.role} ${actor.id}`,
    request: ({ requestId }) => requestId,
  },
  more: {
    before: ({ before }) => before && JSON.stringify(before),
    after: ({ after }) => after && JSON.stringify(after),
    hash: ({ hash }) => hash,
    'hash before': ({ previousHash }) => previousHash,
    event: ({ eventId }) => eventId,
  },
}

export const waitlistView: View<WaitlistEntry> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    status: (entry) => status(entry.status),
    place: (entry) => (entry.status === 'WAITING' ? entry.position : ''),
    sku: ({ sku }) => sku,
    units: ({ quantity }) => quantity,
    reservation: ({ reservationId }) => reservationId,
    created: ({ createdAt }) => at(createdAt),
  },
  more: {
    channel: ({ channel }) => channel,
    user: ({ userId }) => userId,
    offered: ({ offeredAt }) => at(offeredAt),
    ended: ({ endedAt }) => at(endedAt),
  },
}

export const waitlistPlaceView: View<ProductWaitlistPlace> = {
  id: ({ entry }) => entry?.id ?? '',
  columns: {
    place: ({ entry }) => (entry?.status === 'WAITING' ? entry.position : ''),
    status: ({ entry }) => entry && status(entry.status),
    units: ({ entry }) => entry?.quantity,
    age: ({ ageSeconds }) => inWords(ageSeconds),
    user: ({ entry }) => entry?.userId,
    id: ({ entry }) => entry?.id,
    reservation: ({ entry }) => entry?.reservationId,
  },
}

export const endpointView: View<WebhookEndpoint> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    status: (endpoint) => status(endpoint.status),
    url: ({ url }) => url,
    events: ({ eventTypes }) => eventTypes.join(', '),
    failures: ({ failures }) => failures,
  },
  more: {
    'paused because': ({ pauseReason }) => (pauseReason === 'PAUSE_REASON_UNSPECIFIED' ? '' : pauseReason),
    'next try': ({ nextAttemptAt }) => at(nextAttemptAt),
    description: ({ description }) => description,
    created: ({ createdAt }) => at(createdAt),
  },
}

export const deliveryView: View<WebhookDelivery> = {
  id: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    status: (delivery) => status(delivery.status),
    'event at': ({ eventAt }) => at(eventAt),
    type: ({ eventType }) => eventType,
    subject: ({ subject }) => subject,
    attempts: ({ attempts }) => attempts,
    answer: ({ lastStatus }) => (lastStatus === 0 ? '' : lastStatus),
    error: ({ lastError }) => lastError,
  },
  more: {
    endpoint: ({ endpointId }) => endpointId,
    event: ({ eventId }) => eventId,
    'last try': ({ lastAttemptAt }) => at(lastAttemptAt),
    repeats: ({ replayOf }) => (replayOf === '0' ? '' : replayOf),
  },
}

export const differenceView: View<Difference> = {
  id: ({ kind, id }) => `${kind} ${id}`,
  columns: {
    kind: ({ kind }) => ({ text: kind, tone: 'bad' }),
    id: ({ id }) => id,
    expected: ({ expected }) => expected,
    found: ({ found }) => found,
  },
}

/** `2 CAMERA001 (MAIN), 1 PHONE001`. */
/** As `2 CAMERA001 (MAIN), 1 TRIPOD001 (MAIN)`. */
export function inLines(lines: readonly { sku: string; quantity: number; warehouse?: string; backordered?: number }[]): string {
  return lines
    .map(
      ({ sku, quantity, warehouse, backordered = 0 }) =>
        `${quantity} ${sku}${warehouse === undefined || warehouse === '' ? '' : ` (${warehouse})`}${backordered > 0 ? `, ${backordered} of them to come` : ''}`,
    )
    .join(', ')
}

const tones: Record<string, Tone> = {
  ACTIVE: 'good',
  LIVE: 'good',
  CONFIRMED: 'good',
  DELIVERED: 'good',
  FULFILLED: 'good',
  OFFERED: 'good',
  SUCCEEDED: 'good',
  DECLINED: 'bad',
  EXPIRED: 'faint',
  LAPSED: 'faint',
  CANCELLED: 'faint',
  LEFT: 'faint',
}

export function status(text: string): Cell {
  const tone = tones[text]
  return tone === undefined ? text : { text, tone }
}
