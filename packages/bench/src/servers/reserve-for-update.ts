import { randomUUID } from 'node:crypto'

import type { Pool, PoolClient } from 'pg'

/** Connections to PostgreSQL: more only wait for the row lock. */
export const poolSize = 20

/**
 * What people write: for each request a transaction that locks the stock row, checks, changes and notes, and commits.
 * @returns the reservation's id; undefined when there are not enough units
 */
export async function reserveForUpdate(pool: Pool, wanted: Wanted): Promise<string | undefined> {
  const client = await pool.connect()
  try {
    return await reserve(client, wanted)
  } finally {
    client.release()
  }
}

export interface Wanted {
  sku: string
  quantity: number
  ttlSeconds: number
}

async function reserve(client: PoolClient, { sku, quantity, ttlSeconds }: Wanted): Promise<string | undefined> {
  await client.query('begin')
  const { rows } = await client.query<{ free: number }>({
    name: 'lock',
    text: 'select on_hand - reserved as free from stock where sku = $1 for update',
    values: [sku],
  })
  if ((rows[0]?.free ?? 0) < quantity) {
    await client.query('rollback')
    return undefined
  }
  const id = randomUUID()
  await client.query({ name: 'take', text: 'update stock set reserved = reserved + $2 where sku = $1', values: [sku, quantity] })
  await client.query({
    name: 'note',
    text: `insert into reservations (id, sku, quantity, expires_at) values ($1, $2, $3, now() + make_interval(secs => $4))`,
    values: [id, sku, quantity, ttlSeconds],
  })
  await client.query('commit')
  return id
}
