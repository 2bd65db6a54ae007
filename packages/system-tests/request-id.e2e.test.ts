import { type ServiceName, serviceNames, waitFor } from '@holdfast/testing'
import { Client } from 'pg'
import { readFileSync } from 'node:fs'

import { one, openShop, type Shop } from './shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop.close())

test('one id is followed from the request through the event log to the audit record', async () => {
  const sku = await shop.product(1)
  const shopper = await shop.shopper()
  const requestId = 'follow-me-1'
  const reply = await shopper.post('/v1/reservations', { lines: one(sku) }, { headers: { 'x-request-id': requestId } })
  expect(reply.headers.get('x-request-id')).toBe(requestId)
  expect(reply.body).toMatchObject({ requestId })

  const log = new Client({ connectionString: shop.system.databaseUrl('events') })
  await log.connect()
  const headers = await waitFor(
    async () => {
      const { rows } = await log.query<{ headers: Record<string, string> }>(
        `select headers from messages where headers->>'ce_requestid' = $1`,
        [requestId],
      )
      const types = rows.map((row) => row.headers['ce_type'])
      return types.includes('holdfast.reservation.created.v1') && types.includes('holdfast.stock_level.changed.v1') && rows
    },
    { what: 'the events' },
  )
  await log.end()
  expect(headers.find((row) => row.headers['ce_type'] === 'holdfast.reservation.created.v1')?.headers).toMatchObject({
    ce_specversion: '1.0',
    ce_source: '//holdfast/reservation',
    ce_actor: `USER:${shopper.user.id}`,
    'content-type': 'application/json',
  })
  await waitFor(
    async () => {
      const { body } = await shop.admin.get<{ records: unknown[] }>(`/v1/audit/records?requestId=${requestId}`)
      return body.records.length === 1
    },
    { what: 'the audit record' },
  )
})

test('one id is in the log of every service that had a part in it, and no log holds a secret', async () => {
  const sku = await shop.product(1)
  const shopper = await shop.shopper()
  const requestId = 'logged-1'
  await shopper.post('/v1/reservations', { lines: one(sku) }, { headers: { 'x-request-id': requestId } })
  const logOf = (service: ServiceName): string => readFileSync(shop.system.logFile(service), 'utf8')
  // The line of a batch has the ids of all that were in it.
  for (const service of ['gateway', 'reservation', 'inventory'] as const) {
    await waitFor(() => logOf(service).includes(`"${requestId}"`), {
      what: `the line of ${service}`,
    })
  }
  const { user } = shopper
  const { admin } = shop.system.credentials
  for (const secret of [user.token, user.refreshToken, user.password, user.email, admin.password]) {
    for (const service of serviceNames) expect(logOf(service)).not.toContain(secret)
  }
})

test.each([
  ['too long', 'x'.repeat(200)],
  ['with a space', 'a b'],
  ['with markup', '<script>'],
])('an id that is %s is replaced by a sane one', async (_what, requestId) => {
  const reply = await shop.anonymous.get('/v1/products', { headers: { 'x-request-id': requestId } })
  expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})
