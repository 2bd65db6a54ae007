/** What people write: for each request a transaction that locks the stock row, checks, changes and notes, and commits. */
import { randomUUID } from 'node:crypto'

import { Pool, type PoolClient } from 'pg'

import { outOfStock, type Reply, type ReserveBody, runProgram, serveJson, setting } from './program'

runProgram(async () => {
  const pool = new Pool({ connectionString: setting('DATABASE_URL'), max: 20 })
  return serveJson(async (body) => {
    const client = await pool.connect()
    try {
      return await reserve(client, body)
    } finally {
      client.release()
    }
  })
})

async function reserve(client: PoolClient, { lines: [line], ttlSeconds = 300 }: ReserveBody): Promise<Reply> {
  if (line === undefined) return { status: 400, body: { detail: 'no lines' } }
  const { sku, quantity } = line
  await client.query('begin')
  const { rows } = await client.query<{ free: number }>({
    name: 'lock',
    text: 'select on_hand - reserved as free from stock where sku = $1 for update',
    values: [sku],
  })
  if ((rows[0]?.free ?? 0) < quantity) {
    await client.query('rollback')
    return outOfStock
  }
  const id = randomUUID()
  await client.query({ name: 'take', text: 'update stock set reserved = reserved + $2 where sku = $1', values: [sku, quantity] })
  await client.query({
    name: 'note',
    text: `insert into reservations (id, sku, quantity, expires_at) values ($1, $2, $3, now() + make_interval(secs => $4))`,
    values: [id, sku, quantity, ttlSeconds],
  })
  await client.query('commit')
  return { status: 201, body: { reservation: { id, sku, quantity, status: 'ACTIVE', ttlSeconds } } }
}
