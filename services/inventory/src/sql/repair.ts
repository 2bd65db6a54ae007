/**
 * Statements of the repair of one row. A level's `reserved`, and the lines that it is the sum of, change only under that
 * level's row lock; a hold's state and end, its lines' copies and its sale only under the hold's. So what is read behind
 * the lock in a later statement (a new snapshot) stays true until the commit.
 */
import type { Pool, PoolClient } from 'pg'

import { levelColumns, type LevelRow } from './levels'

export type VersionedLevel = LevelRow & { version: bigint }

/** Locks: one stock row. */
export async function lockKnownLevel(client: PoolClient, sku: string, warehouse: string): Promise<VersionedLevel | undefined> {
  const { rows } = await client.query<VersionedLevel>(
    `select ${levelColumns}, version from stock_levels where sku = $1 and warehouse = $2 for no key update`,
    [sku, warehouse],
  )
  return rows[0]
}

/** Units that are held of a level, by the holds' rows. Under the level's lock. */
export async function sumHeldUnits(client: PoolClient, sku: string, warehouse: string): Promise<bigint> {
  const { rows } = await client.query<{ units: bigint }>(
    `select coalesce(sum(l.quantity - l.promised), 0)::bigint as units from hold_lines l join holds h on h.id = l.hold_id
     where h.state = 'HELD' and l.sku = $1 and l.warehouse = $2`,
    [sku, warehouse],
  )
  return rows[0]?.units ?? 0n
}

/** Some hold of which it is not sure whether, or how much of, a level it holds; undefined: there is none. Under the level's lock. */
export async function findDoubtfulHold(client: PoolClient, sku: string, warehouse: string): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `select l.hold_id::text as id
     from hold_lines l left join holds h on h.id = l.hold_id
     where l.sku = $1 and l.warehouse = $2
       and (h.id is null or l.created_at <> h.created_at or l.held <> (h.state = 'HELD') or (h.state = 'HELD') <> (h.ended_at is null))
     union all
     select coalesce(h.id, g.id)
     from (select l.hold_id::text as id, sum(l.quantity - l.promised) as units from hold_lines l join holds h on h.id = l.hold_id
           where h.state = 'COMMITTED' and l.sku = $1 and l.warehouse = $2 group by l.hold_id) h
     full join (select reference as id, -sum(delta) as units from ledger
                where kind = 'SALE' and sku = $1 and warehouse = $2 group by reference) g on g.id = h.id
     where coalesce(h.units, 0) <> coalesce(g.units, 0)
     union all
     select h.id::text from holds h
     where h.state = 'HELD' and h.owner <> '' and not exists (select from hold_lines l where l.hold_id = h.id)
     limit 1`,
    [sku, warehouse],
  )
  return rows[0]?.id
}

/** Under the level's lock; tells of the new level as every change does. */
export async function setReserved(client: PoolClient, level: VersionedLevel, reserved: bigint, requestId: string): Promise<void> {
  await client.query(
    `with changed as (
       update stock_levels s set reserved = $3, version = s.version + 1 where s.sku = $1 and s.warehouse = $2 returning s
     )
     select publish_levels(array_agg(s), $4) from changed`,
    [level.sku, level.warehouse, reserved, requestId],
  )
}

export interface LineRow {
  sku: string
  held: boolean
  expires_at: Date
  /** What they should be; null: there is no such hold. */
  hold_held: boolean | null
  hold_expires_at: Date | null
  differs: boolean
}

/** Where the line $2 of the hold $1 is: where its hold says, or, when that copy is what is wrong, wherever a search finds it. */
const linePlace = `coalesce(
  (select l.created_at from hold_lines l join holds h on h.created_at = l.created_at where h.id = $1 and l.hold_id = $1 and l.line = $2),
  (select l.created_at from hold_lines l where l.hold_id = $1 and l.line = $2))`

/** Locks: the hold, then its line. @returns undefined: there is no such line */
export async function lockLine(client: PoolClient, holdId: string, line: number): Promise<LineRow | undefined> {
  await client.query('select from holds where id = $1 for no key update', [holdId])
  await client.query(`select from hold_lines where created_at = ${linePlace} and hold_id = $1 and line = $2 for no key update`, [
    holdId,
    line,
  ])
  const { rows } = await client.query<LineRow>(
    `select l.sku, l.held, l.expires_at, h.state = 'HELD' as hold_held, h.expires_at as hold_expires_at,
            h.id is null or l.created_at <> h.created_at or l.held <> (h.state = 'HELD')
              or (l.held and l.expires_at <> h.expires_at) as differs
     from hold_lines l left join holds h on h.id = l.hold_id
     where l.created_at = ${linePlace} and l.hold_id = $1 and l.line = $2`,
    [holdId, line],
  )
  return rows[0]
}

/** Under the hold's lock. */
export async function copyToLine(client: PoolClient, holdId: string, line: number): Promise<void> {
  await client.query(
    `update hold_lines l set held = h.state = 'HELD', expires_at = h.expires_at, created_at = h.created_at
     from holds h where h.id = l.hold_id and l.created_at = ${linePlace} and l.hold_id = $1 and l.line = $2`,
    [holdId, line],
  )
}

/** What speaks against a hold's own row; undefined: nothing does. As it is at this moment, or under the hold's lock. */
export async function whyDoubtHold(db: Pool | PoolClient, holdId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ why: string | null }>(
    `select case
       when (h.state = 'HELD') <> (h.ended_at is null) then 'its state and its end disagree'
       when h.state = 'HELD' and h.expires_at <> greatest(h.base_expires_at, h.protected_until) then 'its time is in doubt'
       when not exists (select from hold_lines l where l.created_at = h.created_at and l.hold_id = h.id)
         and not exists (select from hold_lines l where l.hold_id = h.id) then 'it has no lines'
       when (select coalesce(sum(l.quantity - l.promised), 0) from hold_lines l
             where l.created_at = h.created_at and l.hold_id = h.id and h.state = 'COMMITTED')
         <> (select coalesce(-sum(g.delta), 0) from ledger g where g.kind = 'SALE' and g.reference = h.id::text)
         then 'the ledger does not say what was sold of it'
     end as why
     from holds h where h.id = $1`,
    [holdId],
  )
  const [row] = rows
  return row === undefined ? 'it is gone' : (row.why ?? undefined)
}
