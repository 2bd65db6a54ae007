/** Calls of the functions in migrations/0012_hold_functions.sql, which say what they lock and why that is safe. */
import { type Hold, hold_StateFromJSON, type HoldItem } from '@holdfast/contracts/inventory'
import { DatabaseError, type Pool, type PoolClient } from 'pg'

import type { Claim } from '../claims'
import type { PlannedLine } from '../plan-stock'
import type { World } from '../world'

export interface HoldColumns {
  state: string
  expires_at: Date
  version: number
  owner: string
  fingerprint: string
  created_at: Date
  protected_until: Date | null
  /** Not of hold_batch. */
  base_expires_at?: Date
  lines_version?: number
  /** Null: nothing of it was ever promised; of hold_batch also where it is made now. */
  fills?: number | null
}

/** A line of a hold, or a refusal. HELD leaves out what the item itself says: owner, fingerprint, sku, warehouse, quantity, bundle, promise. */
export interface HoldBatchRow extends HoldColumns {
  item: number
  outcome: 'HELD' | 'EXISTS' | 'UNKNOWN_SKU' | 'SHORT' | 'REFUSED' | 'DUE_FIRST' | 'CONFLICT' | 'PLAN' | 'CHOOSE' | 'REPLAN'
  /** Of the whole batch, from 1; for a refusal the line at fault. */
  line: number | null
  sku: string | null
  warehouse: string
  quantity: number
  price_minor: bigint
  currency: string
  bundle: string | null
  bundle_units: number | null
  promised: number | null
  backorder_until: Date | null
}

export interface EndRow extends HoldColumns {
  item: number
  outcome: 'DONE' | 'AS_IS' | 'UNKNOWN'
  now: Date
}

export function toHold(id: string, row: HoldColumns, lines: Hold['lines'] = []): Hold {
  return {
    id,
    state: hold_StateFromJSON(row.state),
    expiresAt: row.expires_at,
    version: row.version,
    owner: row.owner,
    fingerprint: row.fingerprint,
    lines,
    createdAt: row.created_at,
    protectedUntil: row.protected_until ?? undefined,
    baseExpiresAt: row.base_expires_at,
    linesVersion: row.lines_version ?? 0,
    fills: row.fills ?? 0,
  }
}

export interface HoldBatchOptions {
  /** Refuse what does not fit even if due holds are in the way. */
  final: boolean
  /** Lines that named no warehouse were given the only one that is known of. */
  alone: boolean
}

/** A batch of plain products, each line with its warehouse. */
export async function holdBatch(pool: Pool, items: HoldItem[], { final, alone }: HoldBatchOptions): Promise<HoldBatchRow[]> {
  const lines = items.flatMap((item, index) => item.lines.map((line) => ({ ...line, item: index + 1 })))
  return callHoldBatch(pool, items, lines, [final, null, alone, null, ...Array<null>(12).fill(null)])
}

/** What the plan makes of one item; undefined: it is refused, unless its id is known. */
export type PlannedItem = { item: HoldItem; lines: PlannedLine[] | undefined; claims: Claim[] }

/** @param checkVersions write only if every level is still as it was read, else CONFLICT */
export async function holdPlanned(
  db: Pool | PoolClient,
  planned: PlannedItem[],
  products: World['products'],
  checkVersions: boolean,
): Promise<HoldBatchRow[]> {
  const lines = planned.flatMap(({ lines }, index) => (lines ?? []).map((line) => ({ ...line, item: index + 1 })))
  const claims = planned.flatMap(({ item, claims }, index) =>
    claims.map((claim) => ({ ...claim, owner: item.owner, item: index + 1 })),
  )
  const waitlistFirst = [...products].filter(([, { waiting }]) => waiting !== undefined).map(([sku]) => sku)
  const ofClaims = (column: (claim: (typeof claims)[number]) => unknown) => (claims.length === 0 ? null : claims.map(column))
  return callHoldBatch(
    db,
    planned.map(({ item }) => item),
    lines,
    [
      true,
      checkVersions ? lines.map((line) => line.version) : null,
      false,
      planned.map((one) => one.lines === undefined),
      lines.map((line) => line.promised),
      lines.map((line) => line.bundle?.sku ?? null),
      lines.map((line) => line.bundle?.units ?? null),
      [...products.keys()],
      [...products.values()].map(({ version }) => version),
      ofClaims(({ item }) => item),
      ofClaims(({ owner }) => owner),
      ofClaims(({ sku }) => sku),
      ofClaims(({ units }) => units),
      ofClaims(({ most }) => most),
      planned.map(({ item }) => item.fromWaitlist ?? false),
      waitlistFirst.length === 0 ? null : waitlistFirst,
    ],
  )
}

/** What a plan was made from has changed while it was carried out; nothing of it is done. */
export function isOutOfDate(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === 'HF001'
}

async function callHoldBatch(
  db: Pool | PoolClient,
  items: HoldItem[],
  lines: { item: number; sku: string; warehouse: string; quantity: number }[],
  rest: [final: boolean, versions: bigint[] | null, alone: boolean, refused: boolean[] | null, ...unknown[]],
): Promise<HoldBatchRow[]> {
  const { rows } = await db.query<HoldBatchRow>({
    name: 'hold_batch',
    text: `select * from hold_batch($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::text[],
                                    $8::integer[], $9, $10, $11::bigint[], $12, $13::boolean[], $14::integer[], $15::text[],
                                    $16::integer[], $17::text[], $18::bigint[], $19::integer[], $20::text[], $21::text[],
                                    $22::integer[], $23::integer[], $24::boolean[], $25::text[])`,
    values: [
      items.map((item) => item.id),
      items.map((item) => item.owner),
      items.map((item) => item.fingerprint),
      items.map((item) => item.ttlSeconds),
      lines.map((line) => line.item),
      lines.map((line) => line.sku),
      lines.map((line) => line.warehouse),
      lines.map((line) => line.quantity),
      items[0]?.requestId ?? '',
      ...rest,
    ],
  })
  return rows
}

export interface HoldEnd {
  id: string
  endProtection: boolean
  /** Of the lines that are to be sold; undefined: whatever they are. */
  linesVersion?: number | undefined
}

export async function endHolds(
  pool: Pool,
  kind: 'COMMIT' | 'RELEASE' | 'EXPIRE',
  ends: HoldEnd[],
  requestId: string,
): Promise<EndRow[]> {
  const { rows } = await pool.query<EndRow>({
    name: 'end_holds',
    text: 'select * from end_holds($1, $2::uuid[], $3::boolean[], $4, $5::integer[])',
    values: [
      kind,
      ends.map((end) => end.id),
      ends.map((end) => end.endProtection),
      requestId,
      kind === 'COMMIT' ? ends.map((end) => end.linesVersion) : null,
    ],
  })
  return rows
}

export interface HoldProlongation {
  id: string
  /** The owner's wish. */
  until: Date | undefined
  /** A payment's protection from now, in ms; 0 ends it. */
  graceMs: number | undefined
  /** Of the lines that are to be paid; undefined: whatever they are. */
  linesVersion?: number | undefined
}

export async function prolongHolds(pool: Pool, wishes: HoldProlongation[]): Promise<EndRow[]> {
  const { rows } = await pool.query<EndRow>({
    name: 'prolong_holds',
    text: 'select * from prolong_holds($1::uuid[], $2::timestamptz[], $3::integer[])',
    values: [wishes.map((wish) => wish.id), wishes.map((wish) => wish.until), wishes.map((wish) => wish.graceMs)],
  })
  return rows
}

/** @returns the ids that have a tombstone now; the others were held meanwhile */
export async function buryHolds(pool: Pool, ids: string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ bury_holds: string }>('select * from bury_holds($1::uuid[])', [ids])
  return new Set(rows.map((row) => row.bury_holds))
}

/**
 * Due holds of the levels given, oldest first, as many of each as its demand needs; no more are read, however many are due.
 * Locks nothing: who ends them looks again.
 * @param demand units wanted of each level
 * @param limit most holds of one level
 */
export async function findDueHolds(
  pool: Pool,
  demand: { sku: string; warehouse: string; units: number }[],
  limit: number,
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'find_due_holds',
    text: `
      select distinct due.hold_id as id
      from unnest($1::text[], $2::text[], $3::bigint[]) as d (sku, warehouse, units)
      cross join lateral (
        select l.hold_id, sum(l.quantity) over (order by l.expires_at, l.hold_id) - l.quantity as before
        from (select hold_id, quantity, expires_at from hold_lines
              where sku = d.sku and warehouse = d.warehouse and held and expires_at <= (select clock_timestamp())
              order by expires_at limit least($4, d.units)) l
      ) due
      where due.before < d.units`,
    values: [demand.map((d) => d.sku), demand.map((d) => d.warehouse), demand.map((d) => d.units), limit],
  })
  return rows.map((row) => row.id)
}

export interface HeldRow extends HoldColumns {
  id: string
}

/** HELD holds made before `minAgeMs` ago, oldest first, after a cursor. Locks nothing. */
export async function listHeldRows(
  pool: Pool,
  minAgeMs: number,
  after: { createdAt: string; id: string } | undefined,
  limit: number,
): Promise<(HeldRow & { cursor: string })[]> {
  const { rows } = await pool.query<HeldRow & { cursor: string }>({
    name: 'list_held',
    text: `
      select *, (extract(epoch from created_at) * 1000000)::bigint::text as cursor from holds
      where state = 'HELD' and created_at <= (select clock_timestamp()) - $1 * interval '1 millisecond'
        and (created_at, id) > (to_timestamp(coalesce($2::bigint, 0) / 1000000.0), coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
      order by created_at, id limit $4`,
    values: [minAgeMs, after?.createdAt, after?.id, limit],
  })
  return rows
}
