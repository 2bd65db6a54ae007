/** What a comparison with other services needs of the holds. Each statement reads for itself and locks nothing. */
import type { Pool } from 'pg'

import type { HoldState } from '../books/judge'

const columns = `
  id, state, version, lines_version as "linesVersion", expires_at as "expiresAt", base_expires_at as "baseExpiresAt", owner = '' as tombstone, expires_at <= clock_timestamp() as due,
  (extract(epoch from clock_timestamp() - coalesce(ended_at, created_at)) * 1000)::float8 as "ageMs"`

/** A page by id. @param afterId '' for the first */
export async function pageOfHolds(pool: Pool, afterId: string, limit: number): Promise<HoldState[]> {
  const { rows } = await pool.query<HoldState>(
    afterId === ''
      ? `select ${columns} from holds order by id limit $1`
      : `select ${columns} from holds where id > $2 order by id limit $1`,
    afterId === '' ? [limit] : [limit, afterId],
  )
  return rows
}

/** A page of the archive by id. @param afterId '' for the first */
export async function pageOfArchivedHolds(pool: Pool, afterId: string, limit: number): Promise<HoldState[]> {
  const { rows } = await pool.query<HoldState>(
    afterId === ''
      ? `select ${columns} from archived_holds order by id limit $1`
      : `select ${columns} from archived_holds where id > $2 order by id limit $1`,
    afterId === '' ? [limit] : [limit, afterId],
  )
  return rows
}

/** Those of the ids that exist, wherever they are: one statement, so one that is being archived is seen once. */
export async function findHolds(pool: Pool, ids: string[]): Promise<HoldState[]> {
  const { rows } = await pool.query<HoldState>(
    `select ${columns} from holds where id = any($1::uuid[])
     union all
     select ${columns} from archived_holds a
     where id = any($1::uuid[]) and not exists (select from holds h where h.id = a.id)`,
    [ids],
  )
  return rows
}

/** Units that were sold by holds, and what the ledger has back of them under the references given. */
export async function readReturns(
  pool: Pool,
  returns: { holdId: string; reference: string }[],
): Promise<{ id: string; sold: bigint; returned: bigint }[]> {
  const { rows } = await pool.query<{ id: string; sold: bigint; returned: bigint }>(
    `select r.hold_id as id,
            (select coalesce(sum(quantity), 0)
             from (select l.quantity - l.promised as quantity from holds h join hold_lines l on l.created_at = h.created_at and l.hold_id = h.id
                   where h.id = r.hold_id and h.state = 'COMMITTED'
                   union all
                   select l.quantity - l.promised from archived_holds h join archived_hold_lines l on l.created_at = h.created_at and l.hold_id = h.id
                   where h.id = r.hold_id and h.state = 'COMMITTED') l)::bigint as sold,
            (select coalesce(sum(delta), 0) from ledger g where g.kind = 'RETURN' and g.reference = r.reference)::bigint as returned
     from unnest($1::uuid[], $2::text[]) as r (hold_id, reference)`,
    [returns.map(({ holdId }) => holdId), returns.map(({ reference }) => reference)],
  )
  return rows
}
