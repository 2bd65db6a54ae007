import { type Actor, actor_RoleFromJSON } from '@holdfast/contracts/common'
import { type StockMovement, stockMovement_KindFromJSON } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface LedgerRow {
  place: bigint
  id: string
  sku: string
  warehouse: string
  kind: string
  delta: number
  reason: string
  actor_id: string
  actor_role: string
  reference: string
  at: Date
}

export interface NewMovement {
  id: string
  sku: string
  warehouse: string
  kind: 'OPENING' | 'ADJUSTMENT' | 'RETURN'
  delta: number
  reason: string
  reference: string
}

export function toMovement(row: LedgerRow): StockMovement {
  return {
    id: row.id,
    sku: row.sku,
    warehouse: row.warehouse,
    kind: stockMovement_KindFromJSON(row.kind),
    delta: row.delta,
    reason: row.reason,
    actor: { id: row.actor_id, role: actor_RoleFromJSON(row.actor_role) },
    reference: row.reference,
    at: row.at,
  }
}

export async function findMovement(db: Pool | PoolClient, id: string): Promise<LedgerRow | undefined> {
  const { rows } = await db.query<LedgerRow>('select * from ledger where id = $1', [id])
  return rows[0]
}

/** @returns the rows that were written; what was there already (same id, or the same return) is left out */
export async function insertMovements(client: PoolClient, movements: NewMovement[], actor: Actor): Promise<LedgerRow[]> {
  const { rows } = await client.query<LedgerRow>(
    `insert into ledger (id, sku, warehouse, kind, delta, reason, reference, actor_id, actor_role)
     select m.*, $8, $9 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[]) as m
     order by 1
     on conflict do nothing
     returning *`,
    [
      movements.map((m) => m.id),
      movements.map((m) => m.sku),
      movements.map((m) => m.warehouse),
      movements.map((m) => m.kind),
      movements.map((m) => m.delta),
      movements.map((m) => m.reason),
      movements.map((m) => m.reference),
      actor.id,
      actor.role,
    ],
  )
  return rows
}

/** Newest first, archived ones too: the two are merged by their indexes. @param beforePlace undefined: from the newest */
export async function listMovements(
  pool: Pool,
  sku: string,
  warehouse: string,
  beforePlace: string | undefined,
  limit: number,
): Promise<LedgerRow[]> {
  const { rows } = await pool.query<LedgerRow>({
    name: 'list_movements',
    text: `select * from (select * from ledger union all select * from archived_ledger) l
           where sku = $1 and ($2 = '' or warehouse = $2) and place < coalesce($3::bigint, 9223372036854775807)
           order by place desc limit $4`,
    values: [sku, warehouse, beforePlace, limit],
  })
  return rows
}
