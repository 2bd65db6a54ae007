import { type Shipment, shipment_KindFromJSON, shipment_StateFromJSON } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface ShipmentRow {
  id: string
  fingerprint: string
  kind: 'PURCHASE' | 'TRANSFER'
  state: 'OPEN' | 'RECEIVED' | 'CANCELLED'
  warehouse: string
  from_warehouse: string | null
  reference: string
  supplier: string
  expected_at: Date | null
  version: number
  created_at: Date
  updated_at: Date
  lines: ShipmentLineRow[]
}

export interface ShipmentLineRow {
  line: number
  sku: string
  expected: number
  received: number
  written_off: number
  /** Still on the way. */
  open: number
}

export type NewShipment = Pick<
  ShipmentRow,
  'id' | 'fingerprint' | 'kind' | 'warehouse' | 'from_warehouse' | 'reference' | 'supplier' | 'expected_at'
> & { lines: { sku: string; quantity: number }[] }

export function toShipment(row: ShipmentRow): Shipment {
  return {
    id: row.id,
    kind: shipment_KindFromJSON(row.kind),
    state: shipment_StateFromJSON(row.state),
    warehouse: row.warehouse,
    fromWarehouse: row.from_warehouse ?? '',
    reference: row.reference,
    supplier: row.supplier,
    expectedAt: row.expected_at ?? undefined,
    lines: row.lines.map(({ sku, expected, received, written_off: writtenOff, open }) => ({
      sku,
      expected,
      received,
      writtenOff,
      open,
    })),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  }
}

/** The lines come with their shipment, in one snapshot. */
const columns = `s.*, (select json_agg(l order by l.line) from shipment_lines l where l.shipment_id = s.id) as lines`

export async function findShipment(db: Pool | PoolClient, id: string): Promise<ShipmentRow | undefined> {
  const { rows } = await db.query<ShipmentRow>(`select ${columns} from shipments s where s.id = $1`, [id])
  return rows[0]
}

/** Locks the shipment, and with it its lines and receipts; after its stock rows. What it is then, is read by a statement after that. */
export async function lockShipment(client: PoolClient, id: string): Promise<ShipmentRow> {
  await client.query('select from shipments where id = $1 for no key update', [id])
  const row = await findShipment(client, id)
  if (row === undefined) throw new Error(`shipment ${id} was there and is not found`)
  return row
}

/** After the stock rows' locks. @returns undefined: it is there already */
export async function insertShipment(client: PoolClient, shipment: NewShipment): Promise<ShipmentRow | undefined> {
  const { id, fingerprint, kind, warehouse, from_warehouse: from, reference, supplier, expected_at: expectedAt, lines } = shipment
  const { rowCount } = await client.query(
    `insert into shipments (id, fingerprint, kind, state, warehouse, from_warehouse, reference, supplier, expected_at)
     values ($1, $2, $3, 'OPEN', $4, $5, $6, $7, $8) on conflict do nothing`,
    [id, fingerprint, kind, warehouse, from, reference, supplier, expectedAt],
  )
  if (rowCount === 0) return undefined
  await client.query(
    `insert into shipment_lines (shipment_id, line, sku, expected)
     select $1, l.line, l.sku, l.quantity from unnest($2::text[], $3::integer[]) with ordinality as l (sku, quantity, line)`,
    [id, lines.map(({ sku }) => sku), lines.map(({ quantity }) => quantity)],
  )
  return findShipment(client, id)
}

/** @returns the fingerprint of the receipt with this reference, if it was there; else it is now. Under the shipment's lock. */
export async function findOrInsertReceipt(
  client: PoolClient,
  shipmentId: string,
  reference: string,
  print: string,
): Promise<string | undefined> {
  const { rowCount } = await client.query(
    'insert into receipts (shipment_id, reference, fingerprint) values ($1, $2, $3) on conflict do nothing',
    [shipmentId, reference, print],
  )
  if (rowCount === 1) return undefined
  const { rows } = await client.query<{ fingerprint: string }>(
    'select fingerprint from receipts where shipment_id = $1 and reference = $2',
    [shipmentId, reference],
  )
  return rows[0]?.fingerprint
}

export interface LineChange {
  line: number
  received: number
  writtenOff: number
}

/**
 * Counts what has arrived and what will not; a shipment of which nothing is open is RECEIVED, unless it is cancelled. Under its lock.
 */
export async function changeShipment(
  client: PoolClient,
  id: string,
  changes: LineChange[],
  state?: 'CANCELLED',
): Promise<ShipmentRow> {
  await client.query(
    `update shipment_lines l set received = l.received + c.received, written_off = l.written_off + c.written_off
     from unnest($2::integer[], $3::integer[], $4::integer[]) as c (line, received, written_off)
     where l.shipment_id = $1 and l.line = c.line`,
    [
      id,
      changes.map((change) => change.line),
      changes.map((change) => change.received),
      changes.map((change) => change.writtenOff),
    ],
  )
  await client.query(
    `update shipments s
     set version = s.version + 1, updated_at = clock_timestamp(),
         state = coalesce($2, case when exists (select from shipment_lines l where l.shipment_id = s.id and l.open > 0)
                                   then 'OPEN' else 'RECEIVED' end)
     where s.id = $1`,
    [id, state],
  )
  return lockShipment(client, id)
}

export interface ShipmentFilter {
  /** Empty: any. */
  state: string
  warehouse: string
}

/** Newest first, behind a cursor. Locks nothing. */
export async function listShipmentRows(
  pool: Pool,
  { state, warehouse }: ShipmentFilter,
  before: { createdAt: string; id: string } | undefined,
  limit: number,
): Promise<(ShipmentRow & { cursor: string })[]> {
  const { rows } = await pool.query<ShipmentRow & { cursor: string }>(
    `select ${columns}, (extract(epoch from s.created_at) * 1000000)::bigint::text as cursor from shipments s
     where ($1 = '' or s.state = $1) and ($2 = '' or $2 in (s.warehouse, s.from_warehouse))
       and ($3::bigint is null or (s.created_at, s.id) < (to_timestamp($3::bigint / 1000000.0), $4::uuid))
     order by s.created_at desc, s.id desc limit $5`,
    [state, warehouse, before?.createdAt, before?.id, limit],
  )
  return rows
}
