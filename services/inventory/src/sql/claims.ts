/** What owners have of what is limited; migrations/0031_limits.sql says what counts, 0032_counting_claims.sql how it is counted later. */
import type { HoldItem } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

import { claimKey, claimsOf, type ClaimView, type Limits } from '../claims'
import type { ProductView } from '../world'

/** Locks nothing. */
export async function readClaims(
  db: Pool | PoolClient,
  items: HoldItem[],
  products: ReadonlyMap<string, ProductView>,
  limits: Limits,
): Promise<Map<string, ClaimView>> {
  const wanted = items.flatMap((item) => claimsOf(item, products, limits).map(({ sku }) => ({ owner: item.owner, sku })))
  if (wanted.length === 0) return new Map()
  const { rows } = await db.query<{ owner: string; sku: string; units: bigint; due: string[] }>({
    name: 'read_claims',
    text: `
      select w.owner, w.sku, sum(c.units) as units,
             coalesce(array_agg(c.hold_id) filter (where c.held and c.expires_at <= (select clock_timestamp())), '{}') as due
      from (select distinct owner, sku from unnest($1::text[], $2::text[]) as w (owner, sku)) w
      join claims_that_count c on c.owner = w.owner and c.sku = w.sku
      group by w.owner, w.sku`,
    values: [wanted.map(({ owner }) => owner), wanted.map(({ sku }) => sku)],
  })
  return new Map(rows.map(({ owner, sku, units, due }) => [claimKey(owner, sku), { units: Number(units), due }]))
}

/** Locks: what hold_batch locks of these owners, after the levels, as it does. */
export async function lockOwners(client: PoolClient, items: HoldItem[]): Promise<void> {
  await client.query('select lock_owners($1::text[])', [items.map(({ owner }) => owner)])
}

/** Sales that are counted in one transaction. */
const mostAtOnce = 5_000

/** There is more to be counted than under locks that others wait for: `countSome` of each first, up to its mark, then again. */
export class MoreToCount extends Error {
  constructor(readonly rest: readonly { sku: string; mark: string }[]) {
    super('more was sold than is counted under locks')
  }
}

/** Counts what shoppers have already, under the locks of all levels of the SKUs (lockRules): of all of them together as much as in one transaction. @throws MoreToCount */
export async function countClaims(client: PoolClient, skus: readonly string[]): Promise<void> {
  const rest: { sku: string; mark: string }[] = []
  let most = mostAtOnce
  for (const sku of skus) {
    const { rows } = await client.query<{ mark: string | null; counted: number }>(
      'select mark, counted from count_claims($1, $2)',
      [sku, most],
    )
    const { mark = null, counted = 0 } = rows[0] ?? {}
    // What is counted here goes with the transaction: of the others it is enough to know how far.
    if (mark !== null) rest.push({ sku, mark })
    most = rest.length > 0 ? 0 : most - counted
  }
  if (rest.length > 0) throw new MoreToCount(rest)
}

/** A transaction of its own; what it counted stays counted. Locks nothing for long (0032). @returns whether that was all up to the mark */
export async function countSome(pool: Pool, sku: string, mark: string): Promise<boolean> {
  const { rows } = await pool.query<{ all: boolean }>('select count_some($1, $2, $3) as all', [sku, mark, mostAtOnce])
  return rows[0]?.all ?? true
}

/** Notes that the units of a sold hold come back. @returns false: this return was noted before */
export async function noteReturn(client: PoolClient, holdId: string, reference: string): Promise<boolean> {
  const { rowCount } = await client.query('insert into returns (reference, hold_id) values ($1, $2) on conflict do nothing', [
    reference,
    holdId,
  ])
  return rowCount === 1
}

/** Of a sold hold whose units come back. */
export async function dropClaims(client: PoolClient, holdId: string): Promise<void> {
  await client.query('delete from shopper_claims where hold_id = $1', [holdId])
}
