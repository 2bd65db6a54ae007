/** JSON over HTTP, and a transaction with `SELECT ... FOR UPDATE` for each request. */
import { Pool } from 'pg'

import { outOfStock, runProgram, serveJson, setting } from './program'
import { poolSize, reserveForUpdate } from './reserve-for-update'

runProgram(async () => {
  const pool = new Pool({ connectionString: setting('DATABASE_URL'), max: poolSize })
  return serveJson(async ({ lines: [line], ttlSeconds = 300 }) => {
    if (line === undefined) return { status: 400, body: { detail: 'no lines' } }
    const { sku, quantity } = line
    const id = await reserveForUpdate(pool, { sku, quantity, ttlSeconds })
    if (id === undefined) return outOfStock
    return { status: 201, body: { reservation: { id, sku, quantity, status: 'ACTIVE', ttlSeconds } } }
  })
})
