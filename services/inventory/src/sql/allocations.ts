import { actor_RoleFromJSON } from '@holdfast/contracts/common'
import type { Allocation } from '@holdfast/contracts/inventory'
import type { CallContext } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

export interface AllocationLine {
  sku: string
  warehouse: string
  quantity: number
}

export interface AllocationRow {
  reference: string
  fingerprint: string
  reason: string
  actor_id: string
  actor_role: string
  created_at: Date
  lines: AllocationLine[]
}

export function toAllocation(row: AllocationRow): Allocation {
  return {
    reference: row.reference,
    reason: row.reason,
    lines: row.lines.map(({ sku, warehouse, quantity }) => ({ sku, warehouse, quantity })),
    actor: { id: row.actor_id, role: actor_RoleFromJSON(row.actor_role) },
    createdAt: row.created_at,
  }
}

export async function findAllocation(db: Pool | PoolClient, reference: string): Promise<AllocationRow | undefined> {
  const { rows } = await db.query<AllocationRow>(
    `select a.*, (select json_agg(l order by l.line) from allocation_lines l where l.reference = a.reference) as lines
     from allocations a where a.reference = $1`,
    [reference],
  )
  return rows[0]
}

/** After the stock rows' locks. @returns undefined: it is there already */
export async function insertAllocation(
  client: PoolClient,
  { reference, fingerprint, reason, lines }: Pick<AllocationRow, 'reference' | 'fingerprint' | 'reason' | 'lines'>,
  { actor }: CallContext,
): Promise<AllocationRow | undefined> {
  const { rowCount } = await client.query(
    `insert into allocations (reference, fingerprint, reason, actor_id, actor_role) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [reference, fingerprint, reason, actor.id, actor.role],
  )
  if (rowCount === 0) return undefined
  await client.query(
    `insert into allocation_lines (reference, line, sku, warehouse, quantity)
     select $1, l.line, l.sku, l.warehouse, l.quantity
     from unnest($2::text[], $3::text[], $4::integer[]) with ordinality as l (sku, warehouse, quantity, line)`,
    [reference, lines.map((line) => line.sku), lines.map((line) => line.warehouse), lines.map((line) => line.quantity)],
  )
  return findAllocation(client, reference)
}

/**
 * The first warehouse, by their order, that has all of these units free, due ones counted (truth 11); the first of all where none has.
 * Locks nothing: who takes them looks again.
 */
export async function chooseWarehouse(client: PoolClient, wanted: { sku: string; quantity: number }[]): Promise<string> {
  const { rows } = await client.query<{ code: string }>(
    `select w.code from warehouses w
     order by not exists (
       select from unnest($1::text[], $2::integer[]) as d (sku, quantity)
       left join stock_levels s on s.sku = d.sku and s.warehouse = w.code
       where d.quantity > coalesce(s.free, 0) + coalesce((
         select sum(l.quantity) from hold_lines l
         where l.sku = d.sku and l.warehouse = w.code and l.held and l.expires_at <= (select clock_timestamp())), 0)
     ) desc, w.priority, w.code
     limit 1`,
    [wanted.map(({ sku }) => sku), wanted.map(({ quantity }) => quantity)],
  )
  const code = rows[0]?.code
  if (code === undefined) throw new Error('there is no warehouse')
  return code
}
