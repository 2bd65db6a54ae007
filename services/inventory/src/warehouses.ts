import {
  type CreateWarehouseRequest,
  type CreateWarehouseResponse,
  type Warehouse,
  WarehouseCreated,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, type Database, fingerprint, HoldfastError, idempotencyKey, operationId } from '@holdfast/service'
import { randomUUID } from 'node:crypto'

import { checkFingerprint, checkText, checkWarehouse } from './validate'

interface WarehouseRow {
  code: string
  name: string
  created_at: Date
  fingerprint: string
}

const toWarehouse = (row: WarehouseRow): Warehouse => ({ code: row.code, name: row.name, createdAt: row.created_at })

export async function createWarehouse(
  database: Database,
  request: CreateWarehouseRequest,
  ctx: CallContext,
): Promise<CreateWarehouseResponse> {
  const code = checkWarehouse('code', request.code)
  const name = checkText('name', request.name, 1, 200)
  const key = idempotencyKey(ctx, request.clientToken)
  const operation = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'create-warehouse', key)
  const print = fingerprint([code, name])
  return database.transaction(async (client) => {
    const made = await client.query<WarehouseRow>(
      'insert into warehouses (code, name, created_by, fingerprint) values ($1, $2, $3, $4) on conflict do nothing returning *',
      [code, name, operation, print],
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

export async function listWarehouses(database: Database): Promise<Warehouse[]> {
  const { rows } = await database.pool.query<WarehouseRow>('select * from warehouses order by code')
  return rows.map(toWarehouse)
}
