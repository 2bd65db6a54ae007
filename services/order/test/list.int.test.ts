import { randomUUID } from 'node:crypto'

import type { ListOrdersRequest } from '@holdfast/contracts/order'
import { encodePageToken } from '@holdfast/service'

import { as, type Client, codeOf, listAll, startSystem, type System } from './support/system'

let system: System
let client: Client

beforeAll(async () => {
  system = await startSystem()
  client = (await system.start()).client
  await add('ann', 1, 300, 'PENDING')
  await add('ann', 2, 100, 'CANCELLED')
  await add('ann', 3, 200, 'PENDING')
  await add('bob', 4, 400, 'PENDING')
})

afterAll(async () => system.stop())

const day = (n: number) => new Date(Date.UTC(2026, 0, n))

async function add(userId: string, onDay: number, totalMinor: number, status = 'PENDING'): Promise<void> {
  await system.database.pool.query(
    `insert into orders (id, reservation_id, user_id, status, currency, total_minor, version, context, look_at, created_at)
     values ($1, $2, $3, $4, 'USD', $5, 1, '{}', 'infinity', $6)`,
    [randomUUID(), randomUUID(), userId, status, totalMinor, day(onDay)],
  )
}

type Asked = Partial<ListOrdersRequest>
const list = async (asked: Asked, ctx = as('ann')) => client.listOrders({ ...listAll, pageSize: 50, ...asked }, ctx)
const totals = async (asked: Asked, ctx = as('ann')) =>
  (await list(asked, ctx)).orders.map((order) => Number(order.total?.amountMinor))

async function allPages(asked: Asked, between: () => Promise<void> = async () => Promise.resolve()): Promise<number[]> {
  const seen: number[] = []
  let pageToken = ''
  do {
    const page = await list({ ...asked, pageToken })
    seen.push(...page.orders.map((order) => Number(order.total?.amountMinor)))
    pageToken = page.nextPageToken
    if (pageToken !== '') await between()
  } while (pageToken !== '')
  return seen
}

test('a user sees their own, newest first; an admin everyone or one user', async () => {
  expect(await totals({})).toEqual([200, 100, 300])
  expect(await totals({ userId: 'ann' })).toEqual([200, 100, 300])
  expect(await codeOf(list({ userId: 'bob' }))).toBe('PERMISSION_DENIED')
  expect(await totals({}, as('root', 'ADMIN'))).toEqual([400, 200, 100, 300])
  expect(await totals({ userId: 'bob' }, as('root', 'ADMIN'))).toEqual([400])
})

test('filters by status, total and time; sorts by time and total', async () => {
  expect(await totals({ status: 'CANCELLED' })).toEqual([100])
  expect(await totals({ minTotalMinor: 200n })).toEqual([200, 300])
  expect(await totals({ minTotalMinor: 100n, maxTotalMinor: 200n })).toEqual([200, 100])
  expect(await totals({ createdAfter: day(2), createdBefore: day(3) })).toEqual([100])
  expect(await totals({ sort: 'CREATED_ASC' })).toEqual([300, 100, 200])
  expect(await totals({ sort: 'TOTAL_ASC' })).toEqual([100, 200, 300])
  expect(await totals({ sort: 'TOTAL_DESC', status: 'PENDING' })).toEqual([300, 200])
})

test.each(['CREATED_DESC', 'CREATED_ASC', 'TOTAL_DESC', 'TOTAL_ASC'] as const)(
  'pages by %s neither repeat nor miss a row while others are added',
  async (sort) => {
    const before = await totals({ sort, pageSize: 200 })
    const seen = await allPages({ sort, pageSize: 2 }, async () => add('ann', 3, 200))
    expect(before.every((total) => seen.includes(total))).toBe(true)
    const ids = new Set<string>()
    let pageToken = ''
    do {
      const page = await list({ sort, pageSize: 2, pageToken })
      for (const order of page.orders) {
        expect(ids.has(order.id)).toBe(false)
        ids.add(order.id)
      }
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    expect(ids.size).toBe((await totals({ pageSize: 200 })).length)
  },
)

test('bad requests are named', async () => {
  expect(await codeOf(list({ pageSize: 201 }))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(list({ pageSize: -1 }))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(list({ pageToken: 'nonsense' }))).toBe('INVALID_ARGUMENT')
  const { nextPageToken } = await list({ pageSize: 1 })
  expect(await codeOf(list({ pageToken: nextPageToken, sort: 'TOTAL_ASC' }))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(client.getOrder({ id: 'x' }, as('ann')))).toBe('INVALID_ARGUMENT')
})

test.each([
  ['createdAfter', { createdAfter: new Date(-8_640_000_000_000_000) }],
  ['createdBefore', { createdBefore: new Date(8_640_000_000_000_000) }],
  ['pageToken', { pageToken: encodePageToken(['created_at', 'desc', 999_999_999_999_999_999n, randomUUID()]) }],
  ['pageToken', { sort: 'TOTAL_ASC', pageToken: encodePageToken(['total_minor', 'asc', 10n ** 18n, randomUUID()]) }],
] as const)('a %s that no row can have is refused, and is no failure', async (field, asked) => {
  await expect(list(asked)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field }] })
})

test('a user id with NUL, which no text of the database holds, is nobody', async () => {
  expect(await totals({ userId: 'ann\0' }, as('root', 'ADMIN'))).toEqual([])
})

test.each([
  ["user_id = 'ann'", 'created_at', 'orders_by_user_created'],
  ["user_id = 'ann'", 'total_minor', 'orders_by_user_total'],
  ['true', 'created_at', 'orders_by_created'],
  ['true', 'total_minor', 'orders_by_total'],
])('the page of orders where %s by %s is read from %s', async (where, column, index) => {
  const client = await system.database.pool.connect()
  try {
    await client.query('set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain select * from orders o where ${where} and (o.${column}, o.id) > (select ${column}, id from orders limit 1)
       order by o.${column}, o.id limit 51`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(index)
  } finally {
    client.release(true)
  }
})
