import type { Pool, PoolClient } from 'pg'

export interface EndpointRow {
  id: string
  url: string
  description: string
  event_types: string[]
  status: 'ACTIVE' | 'PAUSED'
  pause_reason: 'ASKED' | 'FAILING' | 'GONE' | null
  version: number
  created_at: Date
  updated_at: Date
  failures: number
  next_attempt_at: Date
}

const columns =
  'id, url, description, event_types, status, pause_reason, version, created_at, updated_at, failures, next_attempt_at'

export async function insertEndpoint(
  client: PoolClient,
  endpoint: Pick<EndpointRow, 'id' | 'url' | 'description' | 'event_types'>,
): Promise<EndpointRow> {
  const { rows } = await client.query<EndpointRow>(
    `insert into webhook_endpoints (id, url, description, event_types) values ($1, $2, $3, $4) returning ${columns}`,
    [endpoint.id, endpoint.url, endpoint.description, endpoint.event_types],
  )
  return only(rows)
}

/** Locks nothing. */
export async function findEndpoint(db: Pool | PoolClient, id: string): Promise<EndpointRow | undefined> {
  const { rows } = await db.query<EndpointRow>(`select ${columns} from webhook_endpoints where id = $1`, [id])
  return rows[0]
}

/** Newest first. Locks nothing. @param after the last of the page before */
export async function listEndpoints(
  pool: Pool,
  after: { at: string; id: string } | undefined,
  limit: number,
): Promise<EndpointRow[]> {
  const { rows } = await pool.query<EndpointRow>(
    `select ${columns} from webhook_endpoints
     where $1::timestamptz is null or (created_at, id) < ($1, $2::uuid)
     order by created_at desc, id desc limit $3`,
    [after?.at, after?.id, limit],
  )
  return rows
}

/** Locks the endpoint, before anything else of it. Deliveries may be added meanwhile. */
export async function lockEndpoint(client: PoolClient, id: string): Promise<EndpointRow | undefined> {
  const { rows } = await client.query<EndpointRow>(`select ${columns} from webhook_endpoints where id = $1 for no key update`, [
    id,
  ])
  return rows[0]
}

/** Writes a locked endpoint, with the next version. */
export async function updateEndpoint(client: PoolClient, row: EndpointRow): Promise<EndpointRow> {
  const { rows } = await client.query<EndpointRow>(
    `update webhook_endpoints
     set url = $2, description = $3, event_types = $4, status = $5, pause_reason = $6, failures = $7, next_attempt_at = $8,
         version = version + 1, updated_at = clock_timestamp()
     where id = $1 returning ${columns}`,
    [row.id, row.url, row.description, row.event_types, row.status, row.pause_reason, row.failures, row.next_attempt_at],
  )
  return only(rows)
}

/** Its secrets and deliveries go with it. Waits for whoever adds deliveries. */
export async function deleteEndpoint(client: PoolClient, id: string): Promise<EndpointRow | undefined> {
  const { rows } = await client.query<EndpointRow>(`delete from webhook_endpoints where id = $1 returning ${columns}`, [id])
  return rows[0]
}

export interface Wanting {
  id: string
  event_types: string[]
}

/**
 * Which events all endpoints want.
 * Locks: the endpoints by id, against their end and nothing else, so that deliveries can be added to them.
 */
export async function lockWanting(client: PoolClient): Promise<Wanting[]> {
  const { rows } = await client.query<Wanting>({
    name: 'lock-wanting',
    text: 'select id, event_types from webhook_endpoints order by id for key share',
  })
  return rows
}

/** The same, locking nothing. */
export async function readWanting(pool: Pool): Promise<Wanting[]> {
  const { rows } = await pool.query<Wanting>({ name: 'read-wanting', text: 'select id, event_types from webhook_endpoints' })
  return rows
}

/** Under the endpoint's lock. The secrets there are sign until `oldUntil` at the latest. */
export async function insertSecret(client: PoolClient, endpointId: string, secret: string, oldUntil: Date): Promise<void> {
  await client.query(`update webhook_secrets set ends_at = least(coalesce(ends_at, $2), $2) where endpoint_id = $1`, [
    endpointId,
    oldUntil,
  ])
  await client.query('insert into webhook_secrets (endpoint_id, secret) values ($1, $2)', [endpointId, secret])
}

function only(rows: EndpointRow[]): EndpointRow {
  const [row] = rows
  if (row === undefined) throw new Error('the endpoint is gone under its lock')
  return row
}
