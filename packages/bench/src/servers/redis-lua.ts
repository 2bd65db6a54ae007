/**
 * The Redis technique: a Lua script decides, the request is answered, and PostgreSQL hears of it afterwards. Fast, because
 * nothing that is answered waits for a disk.
 */
import { randomUUID } from 'node:crypto'

import { Pool } from 'pg'
import { createClient, defineScript } from 'redis'

import { outOfStock, runProgram, serveJson, setting } from './program'

/** KEYS[1]: the free units of one SKU; ARGV[1]: how many are wanted. Answers 1 when they were taken. */
const take = defineScript({
  SCRIPT: `
    local free = tonumber(redis.call('get', KEYS[1]) or '0')
    local wanted = tonumber(ARGV[1])
    if free < wanted then return 0 end
    redis.call('decrby', KEYS[1], wanted)
    return 1`,
  NUMBER_OF_KEYS: 1,
  parseCommand: (parser, key: string, quantity: number) => {
    parser.pushKey(key)
    parser.push(String(quantity))
  },
  transformReply: (reply: number) => reply === 1,
})

interface Row {
  id: string
  sku: string
  quantity: number
}

const mostRows = 1_000
const pauseMs = 10

runProgram(async () => {
  const redis = createClient({ url: setting('REDIS_URL'), scripts: { take } })
  // A Redis that is killed takes this process with it: that is part of what is measured.
  redis.on('error', () => undefined)
  await redis.connect()
  const behind: Row[] = []
  writeBehind(new Pool({ connectionString: setting('DATABASE_URL'), max: 2 }), behind)
  return serveJson(async ({ lines: [line] }) => {
    if (line === undefined) return { status: 400, body: { detail: 'no lines' } }
    const { sku, quantity } = line
    if (!(await redis.take(`stock:${sku}`, quantity))) return outOfStock
    const id = randomUUID()
    behind.push({ id, sku, quantity })
    return { status: 201, body: { reservation: { id, sku, quantity, status: 'ACTIVE' } } }
  })
})

/** Writes what has come together, again and again. */
function writeBehind(pool: Pool, rows: Row[]): void {
  const write = async (): Promise<void> => {
    const batch = rows.splice(0, mostRows)
    if (batch.length > 0) {
      await pool.query({
        name: 'write',
        text: `insert into reservations (id, sku, quantity, expires_at)
          select id, sku, quantity, now() + interval '2 hours' from unnest($1::uuid[], $2::text[], $3::int[]) as r (id, sku, quantity)`,
        values: [batch.map(({ id }) => id), batch.map(({ sku }) => sku), batch.map(({ quantity }) => quantity)],
      })
    }
    setTimeout(() => void write(), rows.length > 0 ? 0 : pauseMs)
  }
  void write()
}
