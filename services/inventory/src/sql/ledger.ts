import { type Actor, actor_RoleFromJSON } from '@holdfast/contracts/common'
import {
  type StockMovement,
  stockMovement_AccountFromJSON,
  stockMovement_KindFromJSON,
  StockMovement_ReasonCode,
  stockMovement_ReasonCodeFromJSON,
} from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface LedgerRow {
  place: bigint
  id: string
  sku: string
  warehouse: string
  kind: string
  quantity: number
  from_account: Account
  to_account: Account
  /** Of on_hand; the database works it out. */
  delta: number
  reason: string
  actor_id: string
  actor_role: string
  reference: string
  at: Date
  reason_code: string
  shopper: string | null
}

/** Where units are: SELLABLE, DAMAGED, QUALITY and INCOMING of the level, else outside it (docs/decisions/034). */
export type Account = 'SELLABLE' | 'DAMAGED' | 'QUALITY' | 'INCOMING' | 'SUPPLIER' | 'SOLD' | 'ALLOCATED' | 'VARIANCE' | 'TRANSIT'

export type MovementKind =
  | 'OPENING'
  | 'ADJUSTMENT'
  | 'STATE'
  | 'EXPECTED'
  | 'RECEIPT'
  | 'WRITE_OFF'
  | 'DISPATCH'
  | 'ALLOCATION'
  | 'SALE'
  | 'RETURN'

export interface NewMovement {
  id: string
  sku: string
  warehouse: string
  kind: MovementKind
  /** Above 0. */
  quantity: number
  from: Account
  to: Account
  reason: string
  reference: string
  reasonCode?: string
  shopper?: string
}

export function toMovement(row: LedgerRow): StockMovement {
  return {
    id: row.id,
    sku: row.sku,
    warehouse: row.warehouse,
    kind: stockMovement_KindFromJSON(row.kind),
    quantity: row.quantity,
    from: stockMovement_AccountFromJSON(row.from_account),
    to: stockMovement_AccountFromJSON(row.to_account),
    delta: row.delta,
    reason: row.reason,
    actor: { id: row.actor_id, role: actor_RoleFromJSON(row.actor_role) },
    reference: row.reference,
    at: row.at,
    reasonCode:
      row.reason_code === ''
        ? StockMovement_ReasonCode.REASON_CODE_UNSPECIFIED
        : stockMovement_ReasonCodeFromJSON(row.reason_code),
  }
}

export async function findMovement(db: Pool | PoolClient, id: string): Promise<LedgerRow | undefined> {
  const { rows } = await db.query<LedgerRow>('select * from ledger where id = $1', [id])
  return rows[0]
}

/** @returns the rows that were written; what was there already (same id, or the same return) is left out */
export async function insertMovements(client: PoolClient, movements: NewMovement[], actor: Actor): Promise<LedgerRow[]> {
  const { rows } = await client.query<LedgerRow>(
    `insert into ledger (id, sku, warehouse, kind, quantity, from_account, to_account, reason, reference, reason_code, shopper, actor_id, actor_role)
     select m.*, $12, $13
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                 $11::text[]) as m
     order by 1
     on conflict do nothing
     returning *`,
    [
      movements.map((m) => m.id),
      movements.map((m) => m.sku),
      movements.map((m) => m.warehouse),
      movements.map((m) => m.kind),
      movements.map((m) => m.quantity),
      movements.map((m) => m.from),
      movements.map((m) => m.to),
      movements.map((m) => m.reason),
      movements.map((m) => m.reference),
      movements.map((m) => m.reasonCode ?? ''),
      movements.map((m) => m.shopper ?? null),
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
