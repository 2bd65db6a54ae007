import {
  type ReceiveShipmentRequest,
  type ReceiveShipmentResponse,
  ShipmentReceived,
  stockMovement_AccountFromJSON,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, checkUuid, type Database, fingerprint, HoldfastError, invalidField, notFound } from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import { notOpen, placesOf } from './shipments'
import type { NewMovement } from './sql/ledger'
import { lockPlaces, moveUnits } from './sql/move-units'
import { changeShipment, findOrInsertReceipt, findShipment, lockShipment, type ShipmentRow, toShipment } from './sql/shipments'
import { checkState, type StockState } from './stock-state'
import { checkFingerprint, checkSku, checkText, checkUnits, mostLines } from './validate'

interface Arrival {
  /** Its place in the request. */
  index: number
  sku: string
  state: StockState
  quantity: number
}

interface Receipt {
  shipmentId: string
  reference: string
  arrivals: Arrival[]
  closing: boolean
}

/**
 * Units of a shipment have arrived, each in its state; once per receipt reference of the shipment, whoever repeats it. `closing`
 * writes off what is still open after that.
 * @throws ILLEGAL_TRANSITION when more would arrive than is on the way: what is too much is found by an adjustment
 */
export async function receiveShipment(
  database: Database,
  request: ReceiveShipmentRequest,
  ctx: CallContext,
): Promise<ReceiveShipmentResponse> {
  const receipt: Receipt = {
    shipmentId: checkUuid('id', request.id),
    reference: checkText('receiptReference', request.receiptReference, 1, 200),
    arrivals: checkArrivals(request),
    closing: request.closing,
  }
  return database.transaction(async (client) => receiveOnce(client, receipt, ctx))
}

/** Each SKU and state once, sorted, with the sum. */
function checkArrivals({ lines, closing }: ReceiveShipmentRequest): Arrival[] {
  const most = 3 * mostLines
  if ((lines.length < 1 && !closing) || lines.length > most) throw invalidField('lines', `must be 1 to ${most}`)
  const sums = new Map<string, Arrival>()
  lines.forEach((line, index) => {
    const sku = checkSku(`lines[${index}].sku`, line.sku)
    const state = checkState(`lines[${index}].state`, line.state, 'SELLABLE')
    const known = sums.get(`${sku}/${state}`)
    const quantity = checkUnits(`lines[${index}].quantity`, line.quantity, 1) + (known?.quantity ?? 0)
    sums.set(`${sku}/${state}`, { index, sku, state, quantity: checkUnits(`lines[${index}].quantity`, quantity, 1) })
  })
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, arrival]) => arrival)
}

/** Locks: the stock rows by (sku, warehouse), then the shipment; its lines and receipts change only under that. */
async function receiveOnce(client: PoolClient, receipt: Receipt, ctx: CallContext): Promise<ReceiveShipmentResponse> {
  const { shipmentId: id, reference, arrivals, closing } = receipt
  const known = await findShipment(client, id)
  if (known === undefined) throw notFound('shipment', id)
  await lockPlaces(client, placesOf(known))
  const before = await lockShipment(client, id)
  const print = fingerprint([arrivals.map(({ sku, state, quantity }) => [sku, state, quantity]), closing])
  const remembered = await findOrInsertReceipt(client, id, reference, print)
  if (remembered !== undefined) {
    checkFingerprint(remembered, print)
    return { shipment: toShipment(before), requestId: ctx.requestId, replayed: true }
  }
  if (before.state !== 'OPEN') throw notOpen(before)
  const changes = countArrivals(before, receipt)
  await moveUnits(client, movementsOf(before, receipt, changes), ctx)
  const after = toShipment(await changeShipment(client, id, changes))
  const lines = arrivals.map(({ sku, state, quantity }) => ({ sku, quantity, state: stockMovement_AccountFromJSON(state) }))
  const data = ShipmentReceived.toJSON({ before: toShipment(before), after, receipt: { reference, lines, closing } })
  const [type, version] = ['holdfast.shipment.received.v1', BigInt(after.version)]
  await appendEvents(client, [createEvent({ type, data, key: id, subject: id, version, ctx })])
  return { shipment: after, requestId: ctx.requestId, replayed: false }
}

interface Change {
  line: number
  sku: string
  received: number
  writtenOff: number
}

/** What becomes of each line. */
function countArrivals({ lines }: ShipmentRow, { arrivals, closing }: Receipt): Change[] {
  const received = new Map<string, number>()
  for (const { index, sku, quantity } of arrivals) {
    const line = lines.find((one) => one.sku === sku)
    if (line === undefined) throw invalidField(`lines[${index}].sku`, `${sku} is not in this shipment`)
    const sum = quantity + (received.get(sku) ?? 0)
    if (sum > line.open) {
      throw new HoldfastError(
        'ILLEGAL_TRANSITION',
        `Only ${line.open} of ${sku} are on the way; adjust the stock by what is too much`,
        {
          fields: [{ field: `lines[${index}].quantity`, message: `must be up to ${line.open}` }],
        },
      )
    }
    received.set(sku, sum)
  }
  return lines.map(({ line, sku, open }) => {
    const units = received.get(sku) ?? 0
    return { line, sku, received: units, writtenOff: closing ? open - units : 0 }
  })
}

function movementsOf({ id, warehouse }: ShipmentRow, { reference, arrivals }: Receipt, changes: Change[]): NewMovement[] {
  const common = { warehouse, reason: `receipt ${reference}`, reference: id, from: 'INCOMING' as const }
  return [
    ...arrivals.map(({ sku, state, quantity }) => ({
      ...common,
      id: randomUUID(),
      sku,
      quantity,
      kind: 'RECEIPT' as const,
      to: state,
    })),
    ...changes
      .filter(({ writtenOff }) => writtenOff > 0)
      .map(({ sku, writtenOff: quantity }) => ({
        ...common,
        id: randomUUID(),
        sku,
        quantity,
        kind: 'WRITE_OFF' as const,
        to: 'VARIANCE' as const,
      })),
  ]
}
