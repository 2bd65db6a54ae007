/** Lines of holds that change; migrations/0040_change_holds.sql and 0041_split_holds.sql say what their functions lock and why that is safe. */
import type { ChangeHoldLine, Hold } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

import { type StoredLine, toHoldLines } from '../hold-lines'
import { type HoldColumns, toHold } from './holds'

export interface ChangeRow {
  outcome:
    | 'DONE'
    | 'KNOWN'
    | 'REUSED'
    | 'UNKNOWN'
    | 'AS_IS'
    | 'PROTECTED'
    | 'CONFLICT'
    | 'TOO_FEW'
    | 'TOO_MANY'
    | 'UNKNOWN_SKU'
    | 'RULES'
    | 'SHORT'
    | 'LIMIT'
    | 'DUE_FIRST'
  /** Of what is wanted, from 1. */
  line: number | null
  /** Of DUE_FIRST: a level, and the units that are missing there, or a due hold; of LIMIT: what has it, and the units that are left. */
  sku: string | null
  warehouse: string | null
  units: number | null
  hold_id: string | null
  /** Of LIMIT: units that the owner may have. */
  most: number | null
}

export interface HoldChange {
  id: string
  lines: ChangeHoldLine[]
  /** The quantities are units to give back, not those that are wanted in the end. */
  giveBack: boolean
  linesVersion: number | undefined
  operationId: string | undefined
  fingerprint: string
  requestId: string
}

export interface ChangeOptions {
  mostLines: number
  /** Units of each product that a shopper may have, where it does not say otherwise; 0: no limit. */
  limit: number
  /** Refuse what does not fit even if due holds are in the way. */
  final: boolean
}

/** @throws a unique violation when the operation is another hold's */
export async function changeLines(
  pool: Pool,
  change: HoldChange,
  { mostLines, limit, final }: ChangeOptions,
): Promise<ChangeRow[]> {
  const { rows } = await pool.query<ChangeRow>({
    name: 'change_hold',
    text: 'select * from change_hold($1, $2, $3, $4, $5::text[], $6::text[], $7::integer[], $8, $9, $10, $11, $12)',
    values: [
      change.id,
      change.linesVersion,
      change.operationId,
      change.fingerprint,
      change.lines.map((line) => line.sku),
      change.lines.map((line) => line.warehouse),
      change.lines.map((line) => line.quantity),
      change.giveBack,
      mostLines,
      limit,
      change.requestId,
      final,
    ],
  })
  return rows
}

export interface SplitRow {
  outcome:
    | 'DONE'
    | 'EXISTS'
    | 'REUSED'
    | 'BURIED'
    | 'UNKNOWN'
    | 'AS_IS'
    | 'PROTECTED'
    | 'CONFLICT'
    | 'TOO_FEW'
    | 'RULES'
    | 'EVERYTHING'
  /** Of what moves, from 1. */
  line: number | null
}

export interface HoldSplit {
  id: string
  partId: string
  fingerprint: string
  lines: ChangeHoldLine[]
  linesVersion: number
}

export async function splitLines(pool: Pool, { id, partId, fingerprint, lines, linesVersion }: HoldSplit): Promise<SplitRow> {
  const { rows } = await pool.query<SplitRow>({
    name: 'split_hold',
    text: 'select * from split_hold($1, $2, $3, $4, $5::text[], $6::text[], $7::integer[])',
    values: [
      id,
      partId,
      fingerprint,
      linesVersion,
      lines.map((line) => line.sku),
      lines.map((line) => line.warehouse),
      lines.map((line) => line.quantity),
    ],
  })
  const [row] = rows
  if (row === undefined) throw new Error(`hold ${id}: no answer`)
  return row
}

/** As JSON has it: bigint as a string, since its numbers end at 2^53. */
type LineJson = Omit<StoredLine, 'price_minor' | 'bundle' | 'backorder_until'> & {
  price_minor: string
  backorder_until: string | null
  bundle: string | null
  bundle_units: number | null
}

const columns = `
  h.id, h.state, h.expires_at, h.version, h.owner, h.fingerprint, h.created_at, h.protected_until, h.base_expires_at, h.lines_version, h.fills`
const line = `
  json_agg(json_build_object('sku', l.sku, 'warehouse', l.warehouse, 'quantity', l.quantity, 'currency', l.currency,
                             'price_minor', l.price_minor::text, 'bundle', l.bundle, 'bundle_units', l.bundle_units,
                             'promised', case when l.promise_place is null then 0 else l.promised end,
                             'backorder_until', l.backorder_until) order by l.line)`

/** Holds as they are now, with their lines, archived or not. One statement: lines and version belong together. Locks nothing. */
export async function findHoldsWithLines(db: Pool | PoolClient, ids: string[]): Promise<Map<string, Hold>> {
  const { rows } = await db.query<HoldColumns & { id: string; lines: LineJson[] | null }>({
    name: 'find_holds_with_lines',
    text: `
      select ${columns}, (select ${line} from hold_lines l where l.created_at = h.created_at and l.hold_id = h.id) as lines
      from holds h where h.id = any($1::uuid[])
      union all
      select ${columns}, (select ${line} from archived_hold_lines l where l.created_at = h.created_at and l.hold_id = h.id)
      from archived_holds h where h.id = any($1::uuid[])`,
    values: [ids],
  })
  return new Map(rows.map(({ lines, ...row }) => [row.id, toHold(row.id, row, toHoldLines((lines ?? []).map(toStored)))]))
}

function toStored({ price_minor: price, bundle, bundle_units: units, backorder_until: until, ...line }: LineJson): StoredLine {
  return {
    ...line,
    price_minor: BigInt(price),
    bundle: bundle === null ? undefined : { sku: bundle, units: units ?? 0 },
    backorder_until: until === null ? null : new Date(until),
  }
}

/** Operations of holds that are gone from the hot table, a batch of those that are older than so many hours. Locks: their rows. */
export async function forgetOperations(pool: Pool, afterHours: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'forget_hold_operations',
    text: `
      delete from hold_operations where id in (
        select o.id from hold_operations o
        where o.at < clock_timestamp() - $1 * interval '1 hour' and not exists (select from holds h where h.id = o.hold_id)
        order by o.at limit $2 for update skip locked)`,
    values: [afterHours, limit],
  })
  return rowCount ?? 0
}
