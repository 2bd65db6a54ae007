/** The stock of several warehouses: set, expected, received, and what the ledger says of it in the end. */
import { writeCsv } from '@holdfast/goods'

import { concurrently } from '../concurrently'
import { CliProblem } from '../problem'
import type { Session } from './session'
import type { Stocked } from './warehouse-plan'

/** Calls under way at a time. */
const atOnce = 16
/** Lines of one shipment. */
const mostLines = 500
/** In how many parts what is late comes. */
export const deliveries = 2

/** Brings each level to what it opens with, all at once, as a stocktake does. @throws CliProblem when others have reserved some */
export async function setLevels(
  { api, admin, progress }: Session,
  stocked: readonly Pick<Stocked, 'sku' | 'opening'>[],
  warehouses: readonly string[],
): Promise<void> {
  const step = progress.begin('levels, by CSV', stocked.length * warehouses.length)
  const rows = stocked.flatMap(({ sku, opening }) => warehouses.map((code, index) => [sku, code, String(opening[index] ?? 0)]))
  const file = writeCsv([['sku', 'warehouse', 'on_hand'], ...rows])
  await api.must('set the stock', admin.importStock({ file, reason: 'Holdfast demo: stock set to what the demo needs' }))
  step.tick(rows.length)
  step.end()
}

/** What is on its way. */
export type Shipments = { id: string; lines: { sku: string; units: number }[] }[]

/** All that is late, as shipments to the warehouses. */
export async function expectDeliveries(
  { api, admin }: Session,
  stocked: readonly Stocked[],
  warehouses: readonly string[],
): Promise<Shipments> {
  const shipments: Shipments = []
  for (const [index, warehouse] of warehouses.entries()) {
    const lines = stocked.flatMap(({ sku, late }) =>
      late.warehouse === index && late.units > 0 ? [{ sku, units: late.units }] : [],
    )
    for (let at = 0; at < lines.length; at += mostLines) {
      const some = lines.slice(at, at + mostLines)
      const asked = { warehouse, supplier: 'Demo', lines: some.map(({ sku, units }) => ({ sku, quantity: units })) }
      const { shipment } = await api.must('expect a shipment', admin.createShipment(asked))
      if (shipment === undefined) throw new CliProblem('the answer has no shipment', 'fault')
      shipments.push({ id: shipment.id, lines: some })
    }
  }
  return shipments
}

/** One delivery of each shipment: half of it, or what is left in the end. @param number from 0 */
export async function receive({ api, admin }: Session, shipments: Shipments, number: number): Promise<void> {
  await concurrently(shipments, atOnce, async ({ id, lines }) => {
    const arrived = lines.map(({ sku, units }) => {
      const half = Math.floor(units / deliveries)
      return { sku, quantity: number === deliveries - 1 ? units - half * number : half }
    })
    const some = arrived.filter(({ quantity }) => quantity > 0)
    if (some.length === 0) return
    await api.must('receive a shipment', admin.receiveShipment({ id, receiptReference: `delivery ${number + 1}`, lines: some }))
  })
}

export interface Book {
  sku: string
  /** What it was set to. */
  opening: number
  /** By the ledger: of these shipments, by these reservations. */
  received: number
  sold: number
  /** As it is now, over the warehouses. */
  onHand: number
  reserved: number
  incoming: number
}

export async function readBooks(
  { api, admin }: Session,
  stocked: readonly Stocked[],
  of: { channel: string; reservations: ReadonlySet<string>; shipments: ReadonlySet<string> },
): Promise<Book[]> {
  return concurrently(stocked, atOnce, async ({ sku, opening }) => {
    const { availability } = await api.must('read the stock', admin.getAvailability({ skus: [sku], channel: of.channel }))
    const [level] = availability
    let [received, sold] = [0, 0]
    for (let pageToken = ''; ;) {
      const page = await api.must('read the ledger', admin.getStockHistory({ sku, pageSize: 500, pageToken }))
      for (const { kind, quantity, reference } of page.movements) {
        if (kind === 'RECEIPT' && of.shipments.has(reference)) received += quantity
        if (kind === 'SALE' && of.reservations.has(reference)) sold += quantity
      }
      pageToken = page.nextPageToken
      if (pageToken === '') break
    }
    return {
      sku,
      opening: opening.reduce((sum, units) => sum + units, 0),
      received,
      sold,
      onHand: level?.onHand ?? Number.NaN,
      reserved: level?.reserved ?? Number.NaN,
      incoming: level?.incoming ?? Number.NaN,
    }
  })
}
