import type { ListOrdersRequest, ListOrdersRequest_Sort, ListOrdersResponse } from '@holdfast/contracts/order'
import {
  type CallContext,
  checkTime,
  cutPage,
  decodePageToken,
  encodePageToken,
  HoldfastError,
  invalidField,
  pageSize,
  seesAll,
} from '@holdfast/service'
import knex, { type Knex } from 'knex'

import type { Deps } from './deps'
import { type OrderRow, toOrder } from './order'
import { isStatus } from './order-status'
import { orderColumns } from './sql/orders'

/** Writes SQL; the service's own pool runs it. */
const sql = knex({ client: 'pg' })

interface SortOrder {
  column: 'created_at' | 'total_minor'
  direction: 'asc' | 'desc'
}

const newestFirst: SortOrder = { column: 'created_at', direction: 'desc' }

const sorts: Record<ListOrdersRequest_Sort, SortOrder | undefined> = {
  SORT_UNSPECIFIED: newestFirst,
  CREATED_DESC: newestFirst,
  CREATED_ASC: { column: 'created_at', direction: 'asc' },
  TOTAL_DESC: { column: 'total_minor', direction: 'desc' },
  TOTAL_ASC: { column: 'total_minor', direction: 'asc' },
  UNRECOGNIZED: undefined,
}

const maxPageSize = 200
/** Times in ms and totals: a token of somebody's own making must not hold what no Date and no total is. */
const keyPatterns = { created_at: /^\d{1,13}$/, total_minor: /^\d{1,18}$/ }
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Pages by keyset: a page begins after the sort key and id of the row that the last one ended with, so rows that are added
 * meanwhile move nothing. The indexes orders_by_* have exactly these orders.
 */
export async function list(deps: Deps, request: ListOrdersRequest, ctx: CallContext): Promise<ListOrdersResponse> {
  const sort = sorts[request.sort]
  if (sort === undefined) throw invalidField('sort', 'is not an order that this list has')
  const size = pageSize(request.pageSize, maxPageSize)
  const query = sql('orders as o')
    .select(sql.raw(orderColumns))
    .whereNotNull('o.total_minor')
    .modify(filter, request, ctx)
    .modify(startAfter, request.pageToken, sort)
    .orderBy([`o.${sort.column}`, 'o.id'].map((column) => ({ column, order: sort.direction })))
    .limit(size + 1)
  const { sql: text, bindings } = query.toSQL().toNative()
  const { rows } = await deps.database.pool.query<OrderRow>(text, [...bindings])
  const { page, last } = cutPage(rows, size, ({ lines }) => JSON.stringify(lines).length)
  return { orders: page.map(toOrder), nextPageToken: last === undefined ? '' : encodePageToken(keyOf(last, sort)) }
}

function filter(query: Knex.QueryBuilder, request: ListOrdersRequest, ctx: CallContext): void {
  const { status, minTotalMinor, maxTotalMinor, createdAfter, createdBefore } = request
  const user = userOf(request.userId, ctx)
  if (user !== undefined) void query.where('o.user_id', user)
  if (status !== 'STATUS_UNSPECIFIED') {
    if (!isStatus(status)) throw invalidField('status', 'is not a status of an order')
    void query.where('o.status', status)
  }
  if (minTotalMinor !== undefined) void query.where('o.total_minor', '>=', String(minTotalMinor))
  if (maxTotalMinor !== undefined) void query.where('o.total_minor', '<=', String(maxTotalMinor))
  if (createdAfter !== undefined) void query.where('o.created_at', '>=', checkTime('createdAfter', createdAfter))
  if (createdBefore !== undefined) void query.where('o.created_at', '<', checkTime('createdBefore', createdBefore))
}

/** Whose orders. @returns undefined: everyone's */
function userOf(asked: string, ctx: CallContext): string | undefined {
  // No text of PostgreSQL's holds NUL, so nothing matches it.
  if (seesAll(ctx)) return asked === '' ? undefined : asked.replaceAll('\0', '\ufffd')
  if (asked !== '' && asked !== ctx.actor.id) throw new HoldfastError('PERMISSION_DENIED', "Others' orders are for admins")
  return ctx.actor.id
}

function startAfter(query: Knex.QueryBuilder, pageToken: string, sort: SortOrder): void {
  const parts = [exactly(sort.column), exactly(sort.direction), keyPatterns[sort.column], uuid]
  const [, , key, id] = decodePageToken(pageToken, parts) ?? []
  if (key === undefined || id === undefined) return
  const value = sort.column === 'created_at' ? new Date(Number(key)) : key
  void query.whereRaw(`(??, o.id) ${sort.direction === 'asc' ? '>' : '<'} (?, ?)`, [`o.${sort.column}`, value, id])
}

/** A token of another sort order would start anywhere. */
function keyOf(row: OrderRow, sort: SortOrder): (string | bigint | number)[] {
  const key = sort.column === 'created_at' ? row.created_at.getTime() : (row.total_minor ?? 0n)
  return [sort.column, sort.direction, key, row.id]
}

function exactly(word: string): RegExp {
  return new RegExp(`^${word}$`)
}
