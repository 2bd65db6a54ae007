import type { SalesChannel } from '@holdfast/contracts/inventory'
import type { Pool, PoolClient } from 'pg'

export interface ChannelRow {
  code: string
  name: string
  version: bigint
  created_at: Date
  updated_at: Date
  fingerprint: string
  /** In the channel's order. */
  warehouses: string[]
}

const selectChannel = `
  select c.*, array(select w.warehouse from channel_warehouses w where w.channel = c.code order by w.place) as warehouses from channels c`

export function toChannel(row: ChannelRow): SalesChannel {
  const { code, name, warehouses, created_at: createdAt, updated_at: updatedAt } = row
  return { code, name, warehouses, createdAt, updatedAt, version: Number(row.version) }
}

/** Locks nothing; a racing insert of the same code waits on the primary key, and one of the two comes back false. */
export async function insertChannel(
  client: PoolClient,
  { code, name, warehouses }: Pick<SalesChannel, 'code' | 'name' | 'warehouses'>,
  createdBy: string,
  fingerprint: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'insert into channels (code, name, created_by, fingerprint) values ($1, $2, $3, $4) on conflict do nothing',
    [code, name, createdBy, fingerprint],
  )
  if (rowCount === 0) return false
  await insertChannelWarehouses(client, code, warehouses)
  return true
}

/** The channel's row must be locked. A hold that was planned by the warehouses of before is one that came before. */
export async function updateChannelRow(
  client: PoolClient,
  { code, name, warehouses }: Pick<SalesChannel, 'code' | 'name' | 'warehouses'>,
): Promise<void> {
  await client.query('update channels set name = $2, version = version + 1, updated_at = clock_timestamp() where code = $1', [
    code,
    name,
  ])
  await client.query('delete from channel_warehouses where channel = $1', [code])
  await insertChannelWarehouses(client, code, warehouses)
}

/** The channel's row must be locked. */
export async function deleteChannelRow(client: PoolClient, code: string): Promise<void> {
  await client.query('delete from channel_warehouses where channel = $1', [code])
  await client.query('delete from channels where code = $1', [code])
}

async function insertChannelWarehouses(client: PoolClient, channel: string, warehouses: string[]): Promise<void> {
  await client.query(
    `insert into channel_warehouses (channel, place, warehouse)
     select $1, w.place, w.code from unnest($2::text[]) with ordinality as w (code, place)`,
    [channel, warehouses],
  )
}

/** Locks the channel's row; plans read it and its warehouses without waiting. */
export async function lockChannel(client: PoolClient, code: string): Promise<ChannelRow | undefined> {
  await client.query('select from channels where code = $1 for no key update', [code])
  return findChannel(client, code)
}

export async function findChannel(db: Pool | PoolClient, code: string): Promise<ChannelRow | undefined> {
  const { rows } = await db.query<ChannelRow>(`${selectChannel} where c.code = $1`, [code])
  return rows[0]
}

export async function findChannelByOperation(client: PoolClient, createdBy: string): Promise<ChannelRow | undefined> {
  const { rows } = await client.query<ChannelRow>(`${selectChannel} where c.created_by = $1`, [createdBy])
  return rows[0]
}

export async function listChannelRows(pool: Pool, afterCode: string, limit: number): Promise<ChannelRow[]> {
  const { rows } = await pool.query<ChannelRow>(`${selectChannel} where c.code > $1 order by c.code limit $2`, [afterCode, limit])
  return rows
}

/** The codes among these that are no warehouse. */
export async function findUnknownWarehouses(client: PoolClient, codes: string[]): Promise<string[]> {
  const { rows } = await client.query<{ code: string }>(
    'select a.code from unnest($1::text[]) as a (code) where not exists (select from warehouses w where w.code = a.code)',
    [codes],
  )
  return rows.map((row) => row.code)
}
