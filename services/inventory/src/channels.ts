/** Sales channels: each sees some of the warehouses, in an order of its own (docs/decisions/034). */
import {
  type SalesChannel,
  ChannelCreated,
  ChannelDeleted,
  ChannelUpdated,
  type CreateSalesChannelRequest,
  type CreateSalesChannelResponse,
  type ListSalesChannelsRequest,
  type ListSalesChannelsResponse,
  type UpdateSalesChannelRequest,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import {
  type CallContext,
  type Database,
  decodePageToken,
  encodePageToken,
  type FieldProblem,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  notFound,
  operationId,
  pageSize,
} from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'

import {
  deleteChannelRow,
  findChannel,
  findChannelByOperation,
  findUnknownWarehouses,
  insertChannel,
  listChannelRows,
  lockChannel,
  toChannel,
  updateChannelRow,
} from './sql/channels'
import { checkFingerprint, checkText, checkVersion, checkWarehouse } from './validate'

const mostWarehouses = 100

/** @throws ALREADY_EXISTS when the code is taken by another request, NOT_FOUND that names an unknown warehouse */
export async function createSalesChannel(
  database: Database,
  request: CreateSalesChannelRequest,
  ctx: CallContext,
): Promise<CreateSalesChannelResponse> {
  const wanted = {
    code: checkWarehouse('code', request.code),
    name: checkText('name', request.name, 1, 200),
    warehouses: checkWarehouses(request.warehouses),
  }
  const key = idempotencyKey(ctx, request.clientToken)
  const operation = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'create-channel', key)
  const print = fingerprint([wanted.code, wanted.name, wanted.warehouses])
  return database.transaction(async (client) => {
    await checkThere(client, wanted.warehouses)
    const made = await insertChannel(client, wanted, operation, print)
    const row = made ? await findChannel(client, wanted.code) : await findChannelByOperation(client, operation)
    if (row === undefined) throw new HoldfastError('ALREADY_EXISTS', `There is a channel ${wanted.code} already`)
    const channel = toChannel(row)
    if (!made) {
      checkFingerprint(row.fingerprint, print)
      return { channel, requestId: ctx.requestId, replayed: true }
    }
    await tell(client, 'holdfast.channel.created.v1', ChannelCreated.toJSON({ after: channel }), channel, ctx)
    return { channel, requestId: ctx.requestId, replayed: false }
  })
}

/**
 * Changes what is given; the same again changes nothing and leaves no event. What is held stays where it is.
 * @throws PRECONDITION_FAILED when it is not at the version that the change is meant for
 */
export async function updateSalesChannel(
  database: Database,
  request: UpdateSalesChannelRequest,
  ctx: CallContext,
): Promise<SalesChannel> {
  const code = checkWarehouse('code', request.code)
  const name = request.name === undefined ? undefined : checkText('name', request.name, 1, 200)
  const warehouses = request.warehouses.length === 0 ? undefined : checkWarehouses(request.warehouses)
  return database.transaction(async (client) => {
    const row = await lockChannel(client, code)
    if (row === undefined) throw notFound('channel', code)
    const before = toChannel(row)
    checkVersion(`Channel ${code}`, before.version, request.expectedVersion)
    const wanted = { code, name: name ?? before.name, warehouses: warehouses ?? before.warehouses }
    if (wanted.name === before.name && wanted.warehouses.join() === before.warehouses.join()) return before
    await checkThere(client, wanted.warehouses)
    await updateChannelRow(client, wanted)
    const changed = await findChannel(client, code)
    if (changed === undefined) throw new Error(`channel ${code} was locked and is not there`)
    const after = toChannel(changed)
    await tell(client, 'holdfast.channel.updated.v1', ChannelUpdated.toJSON({ before, after }), after, ctx)
    return after
  })
}

/** What is held through it stays where it is: a hold knows its warehouses, not its channel. @throws NOT_FOUND, also the second time */
export async function deleteSalesChannel(database: Database, asked: string, ctx: CallContext): Promise<void> {
  const code = checkWarehouse('code', asked)
  await database.transaction(async (client) => {
    const row = await lockChannel(client, code)
    if (row === undefined) throw notFound('channel', code)
    const before = toChannel(row)
    await deleteChannelRow(client, code)
    const last = { code, version: before.version + 1 }
    await tell(client, 'holdfast.channel.deleted.v1', ChannelDeleted.toJSON({ before }), last, ctx)
  })
}

export async function getSalesChannel(database: Database, asked: string): Promise<SalesChannel> {
  const code = checkWarehouse('code', asked)
  const row = await findChannel(database.pool, code)
  if (row === undefined) throw notFound('channel', code)
  return toChannel(row)
}

export async function listSalesChannels(
  database: Database,
  request: ListSalesChannelsRequest,
): Promise<ListSalesChannelsResponse> {
  const limit = pageSize(request.pageSize, 1_000)
  const [after = ''] = decodePageToken(request.pageToken, [/^[A-Z0-9_-]{1,32}$/]) ?? []
  const rows = await listChannelRows(database.pool, after, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    channels: page.map(toChannel),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.code]) : '',
  }
}

function checkWarehouses(asked: string[]): string[] {
  if (asked.length < 1 || asked.length > mostWarehouses) {
    const fields = [{ field: 'warehouses', message: `must be 1 to ${mostWarehouses} warehouses` }]
    throw new HoldfastError('INVALID_ARGUMENT', 'A channel needs warehouses', { fields })
  }
  const codes = asked.map((code, index) => checkWarehouse(`warehouses[${index}]`, code))
  const twice = codes.flatMap((code, index): FieldProblem[] =>
    codes.indexOf(code) < index ? [{ field: `warehouses[${index}]`, message: 'is named twice' }] : [],
  )
  if (twice.length > 0) throw new HoldfastError('INVALID_ARGUMENT', 'A warehouse is named twice', { fields: twice })
  return codes
}

/** @throws NOT_FOUND that names each one that there is not */
async function checkThere(client: PoolClient, warehouses: string[]): Promise<void> {
  const unknown = await findUnknownWarehouses(client, warehouses)
  if (unknown.length === 0) return
  const fields = unknown.map((code) => ({
    field: `warehouses[${warehouses.indexOf(code)}]`,
    message: 'there is no such warehouse',
  }))
  throw new HoldfastError('NOT_FOUND', `There is no warehouse ${unknown.join(', ')}`, { fields })
}

async function tell(
  client: PoolClient,
  type: string,
  data: unknown,
  { code, version }: Pick<SalesChannel, 'code' | 'version'>,
  ctx: CallContext,
): Promise<void> {
  await appendEvents(client, [createEvent({ type, data, key: code, subject: code, version: BigInt(version), ctx })])
}
