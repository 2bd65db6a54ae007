import knex from 'knex'
import type { Pool } from 'pg'

import type { ReservationRow } from '../reservation'
import { reservationColumns } from './columns'
import { runQuery } from './run-query'

/** What is undefined is not asked for. */
export interface ReservationFilter {
  userId: string | undefined
  /** As it reads: ACTIVE is not due, EXPIRED is also what is due. */
  status: 'ACTIVE' | 'COMMITTED' | 'CANCELLED' | 'EXPIRED' | undefined
  /** Only those after this one in the list's order. */
  after: { createdAt: Date; id: string } | undefined
}

/** Only writes statements; the service's own pool runs them. */
const builder = knex({ client: 'pg' })

/** Newest first. Locks nothing. */
export async function listReservations(pool: Pool, filter: ReservationFilter, limit: number): Promise<ReservationRow[]> {
  const query = builder('reservations')
    .select(builder.raw(reservationColumns))
    .whereNot('status', 'ABANDONED')
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(limit)
  const { userId, status, after } = filter
  if (userId !== undefined) void query.where('user_id', userId)
  if (status === 'ACTIVE') void query.where('status', 'ACTIVE').whereRaw('expires_at > clock_timestamp()')
  else if (status === 'EXPIRED')
    void query.whereRaw(`(status = 'EXPIRED' or (status = 'ACTIVE' and expires_at <= clock_timestamp()))`)
  else if (status !== undefined) void query.where('status', status)
  if (after !== undefined) void query.whereRaw('(created_at, id) < (?::timestamptz, ?::uuid)', [after.createdAt, after.id])
  const { sql, bindings } = query.toSQL().toNative()
  return runQuery<ReservationRow>(pool, sql, [...bindings])
}
