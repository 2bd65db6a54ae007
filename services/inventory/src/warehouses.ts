import {
  type CreateWarehouseRequest,
  type CreateWarehouseResponse,
  type ListWarehousesRequest,
  type ListWarehousesResponse,
  type UpdateWarehouseRequest,
  type Warehouse,
  WarehouseCreated,
  WarehouseUpdated,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import {
  type CallContext,
  type Database,
  decodePageToken,
  encodePageToken,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  notFound,
  operationId,
  pageSize,
} from '@holdfast/service'
import { randomUUID } from 'node:crypto'

import { checkFingerprint, checkText, checkUnits, checkVersion, checkWarehouse } from './validate'

interface WarehouseRow {
  code: string
  name: string
  priority: number
  version: bigint
  created_at: Date
  fingerprint: string
}

const mostPriority = 1_000_000
const commonPriority = 100
/** As many as there are in nearly every shop: whoever names no size has them all. */
const mostOfPage = 1_000

const toWarehouse = ({ code, name, priority, version, created_at: createdAt }: WarehouseRow): Warehouse => ({
  code,
  name,
  createdAt,
  priority,
  version: Number(version),
})

export async function createWarehouse(
  database: Database,
  request: CreateWarehouseRequest,
  ctx: CallContext,
): Promise<CreateWarehouseResponse> {
  const code = checkWarehouse('code', request.code)
  const name = checkText('name', request.name, 1, 200)
  const priority = request.priority === undefined ? undefined : checkUnits('priority', request.priority, 0, mostPriority)
  const key = idempotencyKey(ctx, request.clientToken)
  const operation = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'create-warehouse', key)
  // What is not given leaves the print as it was before there was such a thing.
  const print = fingerprint([code, name, ...(priority === undefined ? [] : [priority])])
  return database.transaction(async (client) => {
    const made = await client.query<WarehouseRow>(
      `insert into warehouses (code, name, priority, created_by, fingerprint) values ($1, $2, $3, $4, $5)
       on conflict do nothing returning *`,
      [code, name, priority ?? commonPriority, operation, print],
    )
    const row = made.rows[0]
    if (row === undefined) {
      const { rows } = await client.query<WarehouseRow>('select * from warehouses where created_by = $1', [operation])
      const known = rows[0]
      if (known === undefined) throw new HoldfastError('ALREADY_EXISTS', `There is a warehouse ${code} already`)
      checkFingerprint(known.fingerprint, print)
      return { warehouse: toWarehouse(known), requestId: ctx.requestId, replayed: true }
    }
    const warehouse = toWarehouse(row)
    const data = WarehouseCreated.toJSON({ after: warehouse })
    await appendEvents(client, [
      createEvent({ type: 'holdfast.warehouse.created.v1', data, key: code, subject: code, version: 1n, ctx }),
    ])
    return { warehouse, requestId: ctx.requestId, replayed: false }
  })
}

/**
 * Changes what is given. The same values again change nothing and leave no event.
 * @throws PRECONDITION_FAILED when it is not at the version that the change is meant for
 */
export async function updateWarehouse(database: Database, request: UpdateWarehouseRequest, ctx: CallContext): Promise<Warehouse> {
  const code = checkWarehouse('code', request.code)
  const name = request.name === undefined ? undefined : checkText('name', request.name, 1, 200)
  const priority = request.priority === undefined ? undefined : checkUnits('priority', request.priority, 0, mostPriority)
  return database.transaction(async (client) => {
    const locked = await client.query<WarehouseRow>('select * from warehouses where code = $1 for no key update', [code])
    const row = locked.rows[0]
    if (row === undefined) throw notFound('warehouse', code)
    const before = toWarehouse(row)
    checkVersion(`Warehouse ${code}`, before.version, request.expectedVersion)
    const wanted = { name: name ?? before.name, priority: priority ?? before.priority }
    if (wanted.name === before.name && wanted.priority === before.priority) return before
    const after = { ...before, ...wanted, version: before.version + 1 }
    await client.query('update warehouses set name = $2, priority = $3, version = $4 where code = $1', [
      code,
      after.name,
      after.priority,
      after.version,
    ])
    const data = WarehouseUpdated.toJSON({ before, after })
    const version = BigInt(after.version)
    await appendEvents(client, [
      createEvent({ type: 'holdfast.warehouse.updated.v1', data, key: code, subject: code, version, ctx }),
    ])
    return after
  })
}

/** By priority, then by code. */
export async function listWarehouses(database: Database, request: ListWarehousesRequest): Promise<ListWarehousesResponse> {
  const limit = pageSize(request.pageSize, mostOfPage, mostOfPage)
  const [priority = '-1', code = ''] = decodePageToken(request.pageToken, [/^\d{1,7}$/, /^[A-Z0-9_-]{1,32}$/]) ?? []
  const { rows } = await database.pool.query<WarehouseRow>(
    'select * from warehouses where (priority, code) > ($1::integer, $2) order by priority, code limit $3',
    [priority, code, limit + 1],
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    warehouses: page.map(toWarehouse),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.priority, last.code]) : '',
  }
}
