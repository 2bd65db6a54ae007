import {
  type CancelShipmentResponse,
  type CreateShipmentRequest,
  type CreateShipmentResponse,
  type ListShipmentsRequest,
  type ListShipmentsResponse,
  type Shipment,
  Shipment_State,
  ShipmentCancelled,
  ShipmentCreated,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import {
  checkTime,
  type CallContext,
  checkUuid,
  type Database,
  decodePageToken,
  encodePageToken,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  invalidField,
  notFound,
  operationId,
  pageSize,
} from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import type { NewMovement } from './sql/ledger'
import { lockPlaces, moveUnits } from './sql/move-units'
import {
  changeShipment,
  findShipment,
  insertShipment,
  listShipmentRows,
  lockShipment,
  type NewShipment,
  type ShipmentRow,
  toShipment,
} from './sql/shipments'
import { checkFingerprint, checkSku, checkText, checkUnits, checkWarehouse, mostLines, warehouseOrDefault } from './validate'

/** Announces units from a supplier: `incoming` at their warehouse until they are received, never available. */
export async function createShipment(
  database: Database,
  request: CreateShipmentRequest,
  ctx: CallContext,
): Promise<CreateShipmentResponse> {
  const key = idempotencyKey(ctx, request.clientToken)
  const wanted = {
    warehouse: warehouseOrDefault('warehouse', request.warehouse),
    reference: checkText('reference', request.reference, 0, 200),
    supplier: checkText('supplier', request.supplier, 0, 200),
    expected_at: request.expectedAt === undefined ? null : checkTime('expectedAt', request.expectedAt),
    lines: checkLines(request.lines),
  }
  const { warehouse, reference, supplier, expected_at: expectedAt, lines } = wanted
  const print = fingerprint([warehouse, reference, supplier, expectedAt, lines.map(({ sku, quantity }) => [sku, quantity])])
  const id = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'create-shipment', key)
  const shipment: NewShipment = { ...wanted, id, fingerprint: print, kind: 'PURCHASE', from_warehouse: null }
  return database.transaction(async (client) => {
    await lockPlaces(
      client,
      lines.map(({ sku }) => ({ sku, warehouse })),
    )
    const made = await insertShipment(client, shipment)
    if (made === undefined) return { shipment: await findRepeat(client, id, print), requestId: ctx.requestId, replayed: true }
    const announced = {
      warehouse,
      kind: 'EXPECTED',
      from: 'SUPPLIER',
      to: 'INCOMING',
      reason: 'announced',
      reference: id,
    } as const
    await moveUnits(
      client,
      lines.map(({ sku, quantity }) => ({ ...announced, id: randomUUID(), sku, quantity })),
      ctx,
    )
    await tellOfNew(client, made, ctx)
    return { shipment: toShipment(made), requestId: ctx.requestId, replayed: false }
  })
}

/** Each SKU once, sorted, with the sum. */
function checkLines(lines: CreateShipmentRequest['lines']): { sku: string; quantity: number }[] {
  if (lines.length < 1 || lines.length > mostLines) throw invalidField('lines', `must be 1 to ${mostLines}`)
  const sums = new Map<string, number>()
  lines.forEach((line, index) => {
    const sku = checkSku(`lines[${index}].sku`, line.sku)
    const quantity = checkUnits(`lines[${index}].quantity`, line.quantity, 1) + (sums.get(sku) ?? 0)
    sums.set(sku, checkUnits(`lines[${index}].quantity`, quantity, 1))
  })
  return [...sums].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1))
}

/** As it is now. @throws IDEMPOTENCY_KEY_REUSED when another request made it */
export async function findRepeat(client: PoolClient, id: string, print: string): Promise<Shipment> {
  const known = await findShipment(client, id)
  if (known === undefined) throw new Error(`shipment ${id} was there and is not found`)
  checkFingerprint(known.fingerprint, print)
  return toShipment(known)
}

export async function tellOfNew(client: PoolClient, made: ShipmentRow, ctx: CallContext): Promise<void> {
  const data = ShipmentCreated.toJSON({ after: toShipment(made) })
  const [type, version] = ['holdfast.shipment.created.v1', BigInt(made.version)]
  await appendEvents(client, [createEvent({ type, data, key: made.id, subject: made.id, version, ctx })])
}

export async function getShipment(database: Database, id: string): Promise<Shipment> {
  const known = await findShipment(database.pool, checkUuid('id', id))
  if (known === undefined) throw notFound('shipment', id)
  return toShipment(known)
}

export async function listShipments(database: Database, request: ListShipmentsRequest): Promise<ListShipmentsResponse> {
  const limit = pageSize(request.pageSize, 500)
  if (request.state === Shipment_State.UNRECOGNIZED) throw invalidField('state', 'is none of the states')
  const state = request.state === Shipment_State.STATE_UNSPECIFIED ? '' : request.state
  const warehouse = request.warehouse === '' ? '' : checkWarehouse('warehouse', request.warehouse)
  const token = decodePageToken(request.pageToken, [/^\d{1,18}$/, /^[0-9a-f-]{36}$/])
  const [createdAt = '', id = ''] = token ?? []
  const rows = await listShipmentRows(
    database.pool,
    { state, warehouse },
    token === undefined ? undefined : { createdAt, id: checkUuid('pageToken', id) },
    limit + 1,
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    shipments: page.map(toShipment),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.cursor, last.id]) : '',
  }
}

/**
 * What is still open of it will not arrive: units from a supplier are written off, those of a transfer are sellable again where
 * they came from. A repeat changes nothing.
 * @throws ILLEGAL_TRANSITION when all of it has been received
 */
export async function cancelShipment(database: Database, shipmentId: string, ctx: CallContext): Promise<CancelShipmentResponse> {
  const id = checkUuid('id', shipmentId)
  return database.transaction(async (client) => {
    const known = await findShipment(client, id)
    if (known === undefined) throw notFound('shipment', id)
    await lockPlaces(client, placesOf(known))
    const before = await lockShipment(client, id)
    if (before.state === 'CANCELLED') return { shipment: toShipment(before), requestId: ctx.requestId, replayed: true }
    if (before.state === 'RECEIVED') throw notOpen(before)
    await moveUnits(
      client,
      before.lines.flatMap((line) => giveUp(before, line)),
      ctx,
    )
    const changes = before.lines.map(({ line, open }) => ({ line, received: 0, writtenOff: open }))
    const after = toShipment(await changeShipment(client, id, changes, 'CANCELLED'))
    const data = ShipmentCancelled.toJSON({ before: toShipment(before), after })
    const [type, version] = ['holdfast.shipment.cancelled.v1', BigInt(after.version)]
    await appendEvents(client, [createEvent({ type, data, key: id, subject: id, version, ctx })])
    return { shipment: after, requestId: ctx.requestId, replayed: false }
  })
}

/** The levels that a shipment has to do with. */
export function placesOf({ warehouse, from_warehouse: from, lines }: ShipmentRow): { sku: string; warehouse: string }[] {
  return lines.flatMap(({ sku }) => [warehouse, ...(from === null ? [] : [from])].map((code) => ({ sku, warehouse: code })))
}

export function notOpen({ id, state }: ShipmentRow): HoldfastError {
  return new HoldfastError('ILLEGAL_TRANSITION', `Shipment ${id} is ${state.toLowerCase()}: nothing of it is on the way`)
}

function giveUp(shipment: ShipmentRow, { sku, open }: ShipmentRow['lines'][number]): NewMovement[] {
  if (open === 0) return []
  const { id: reference, warehouse, from_warehouse: from } = shipment
  const common = { sku, quantity: open, reason: 'shipment cancelled', reference }
  if (from === null) return [{ ...common, id: randomUUID(), warehouse, kind: 'WRITE_OFF', from: 'INCOMING', to: 'VARIANCE' }]
  return [
    { ...common, id: randomUUID(), warehouse, kind: 'WRITE_OFF', from: 'INCOMING', to: 'TRANSIT' },
    { ...common, id: randomUUID(), warehouse: from, kind: 'RECEIPT', from: 'TRANSIT', to: 'SELLABLE' },
  ]
}
