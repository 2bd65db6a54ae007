/** What the services tell Prometheus, after real requests. */
import { createLog, openDatabase, scrape } from '@holdfast/service'
import { allServiceNames, createTestDatabase, freePort, type ServiceName, waitFor } from '@holdfast/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type MailServer, openMailServer } from './receiver'
import { one, openShop, reserve, type Shop } from './shop'

let shop: Shop
let mail: MailServer
const ports: Partial<Record<ServiceName, number>> = {}
beforeAll(async () => {
  for (const name of allServiceNames) ports[name] = await freePort()
  const envFor: Partial<Record<ServiceName, Record<string, string>>> = Object.fromEntries(
    allServiceNames.map((name) => [name, { METRICS_PORT: String(ports[name]) }]),
  )
  mail = await openMailServer()
  envFor.notification = { ...envFor.notification, SMTP_URL: mail.url, MAIL_FROM: 'Shop <shop@shop.example>' }
  shop = await openShop({ envFor, notifications: true })
})
afterAll(async () => {
  await shop?.close()
  await mail?.close()
})

/** Values by series, a label in the order of the alphabet: `name{a="1",b="2"}`. */
type Scraped = Map<string, number>

const lineForm = /^([a-z][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)+)\})? (nan|[+-]?inf|[-+.\de]+)$/i

/** @throws Error for a line that is none of Prometheus' text format */
function parse(text: string): Scraped {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
  return new Map(
    lines.map((line) => {
      const [, name, labels, value] = lineForm.exec(line) ?? []
      if (name === undefined) throw new Error(`no sample: ${line}`)
      const sorted = [...(labels ?? '').matchAll(/[a-z_]+="(?:[^"\\]|\\.)*"/g)].map(([label]) => label).sort()
      return [sorted.length === 0 ? name : `${name}{${sorted.join(',')}}`, Number(value)]
    }),
  )
}

async function scraped(service: ServiceName): Promise<Scraped> {
  const response = await fetch(`http://127.0.0.1:${ports[service]}/metrics`)
  expect(response.status).toBe(200)
  return parse(await response.text())
}

/** Values that are read by a query are as old as some seconds. */
async function becomes(service: ServiceName, series: string, value: number | undefined): Promise<void> {
  let found: number | undefined
  const what = () => `${series} to be ${value} (${found})`
  await waitFor(
    async () => {
      found = (await scraped(service)).get(series)
      return found === value
    },
    { what: what(), timeoutMs: 60_000 },
  )
}

test('the page on operations names every consumer where it tells how to set their groups back', async () => {
  const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8')
  const [, groups = ''] = /set their groups \(([^)]+)\) back/.exec(page) ?? []
  const named = [...groups.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  const all = await Promise.all(allServiceNames.map(scraped))
  const consumers = all.flatMap((one) =>
    [...one.keys()].flatMap((series) => /^consumer_lag_messages\{consumer="(.+)"\}$/.exec(series)?.[1] ?? []),
  )
  expect(named.sort()).toEqual(consumers.sort())
})

test('what shoppers asked for, got and were refused is counted', async () => {
  const sku = await shop.product(3)
  const shopper = await shop.shopper()
  const before = await scraped('reservation')
  const replies = []
  for (const key of ['a', 'b', 'c', 'd', 'a']) replies.push(await reserve(shopper, one(sku), {}, key))
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 409, 200])
  expect((await reserve(shopper, one('NO-SUCH-SKU'))).status).toBe(404)

  const reservation = await scraped('reservation')
  const statuses = ['created', 'replayed', 'insufficient_stock', 'refused', 'failed']
  const more = (series: string): number => (reservation.get(series) ?? NaN) - (before.get(series) ?? NaN)
  expect(statuses.map((status) => more(`reserve_requests_total{status="${status}"}`))).toEqual([3, 1, 1, 1, 0])
  expect(more('reserve_duration_seconds_count')).toBe(6)
  expect(more('reserve_duration_seconds_bucket{le="+Inf"}')).toBe(6)
  expect(more('reserve_duration_seconds_sum')).toBeGreaterThan(0)
  expect(reservation.get('grpc_requests_total{code="OK",method="CreateReservation"}')).toBe(4)
  expect(reservation.get('grpc_requests_total{code="INSUFFICIENT_STOCK",method="CreateReservation"}')).toBe(1)
  expect(reservation.get('grpc_requests_total{code="NOT_FOUND",method="CreateReservation"}')).toBe(1)
  expect(reservation.get('grpc_request_duration_seconds_count{method="CreateReservation"}')).toBe(6)
  expect(reservation.get('combiner_batch_items_sum{queue="new reservations"}')).toBe(3)

  const gateway = await scraped('gateway')
  const counted = [201, 409, 404, 200].map((status) =>
    gateway.get(`http_requests_total{method="POST",route="/v1/reservations",status="${status}"}`),
  )
  expect(counted).toEqual([3, 1, 1, 1])
  expect(gateway.get('http_request_duration_seconds_count{method="POST",route="/v1/reservations"}')).toBe(6)
  const path = '/holdfast.reservation.v1.ReservationService/CreateReservation'
  expect(gateway.get(`combiner_batch_items_sum{queue="${path}"}`)).toBe(6)

  const inventory = await scraped('inventory')
  // The replay met its hold.
  expect(inventory.get('combiner_batch_items_sum{queue="holds"}')).toBe(6)
  expect(inventory.get('combiner_queue_items{queue="holds"}')).toBe(0)
  expect(inventory.get('database_connections{state="waiting"}')).toBe(0)
  expect(inventory.get('database_retries_total{reason="deadlock"}')).toBe(0)

  await becomes('inventory', `inventory_available{sku="${sku}"}`, 0)
  await becomes('reservation', 'active_reservations_count', 3)
  expect((await shopper.post(`/v1/reservations/${replies[0]?.body.reservation.id}:cancel`)).status).toBe(200)
  await becomes('inventory', `inventory_available{sku="${sku}"}`, 1)
  await becomes('reservation', 'active_reservations_count', 2)
})

test('the way of the events, and the checks of the books', async () => {
  for (const service of ['inventory', 'reservation', 'order', 'gateway'] as const) {
    await becomes(service, 'relay_leading', 1)
    await becomes(service, 'outbox_rows', 0)
    await becomes(service, 'outbox_oldest_seconds', 0)
  }
  await becomes('audit', 'consumer_lag_messages{consumer="audit"}', 0)
  await becomes('audit', 'dead_letters_total{consumer="audit"}', 0)
  await shop.expectBalanced()
  const inventory = await scraped('inventory')
  expect(inventory.get('books_checks_total{result="consistent"}')).toBe(1)
  expect(inventory.get('books_checks_total{result="different"}')).toBe(0)
})

test('the gateway shows its own on its listener too, until that is switched off', async () => {
  const asked = async () => fetch(`${shop.system.url}/metrics`)
  const open = await asked()
  expect(open.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(parse(await open.text()).get('process_start_time_seconds')).toBeGreaterThan(0)
  await shop.system.restart('gateway', { HTTP_METRICS: 'off' })
  expect((await asked()).status).toBe(404)
  expect((await scraped('gateway')).size).toBeGreaterThan(0)
})

test('docs/operations.md names every metric of ours, and every alert asks for one that is there', async () => {
  const root = join(__dirname, '..', '..')
  const texts = await Promise.all(
    allServiceNames.map(async (name) => (await fetch(`http://127.0.0.1:${ports[name]}/metrics`)).text()),
  )
  const names = texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''))
  const ours = [...new Set(names)].filter((name) => !/^(process|nodejs)_/.test(name))
  expect(ours.length).toBeGreaterThan(20)
  const documented = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
  expect(ours.filter((name) => !documented.includes(`\`${name}`))).toEqual([])

  const rules = readFileSync(join(root, 'deploy', 'prometheus', 'rules.yml'), 'utf8')
  const asked = [...rules.matchAll(/\b([a-z]+(?:_[a-z]+)+)(?:\{[^}\n]*=|\[|\))/g)].map(([, name]) => name ?? '')
  expect(asked.length).toBeGreaterThan(10)
  // There is none of it without a Redis.
  const shared = 'rate_limit_redis_up'
  expect(asked.filter((name) => name !== shared && !ours.includes(name.replace(/_bucket$/, '')))).toEqual([])
})

test('a deadlock is repeated, and counted', async () => {
  const created = await createTestDatabase()
  const database = await openDatabase({ url: created.url, name: 'deadlock', log: createLog('test', 'silent') })
  const deadlocks = async () => parse(await scrape()).get('database_retries_total{reason="deadlock"}') ?? NaN
  const before = await deadlocks()
  await database.pool.query('create table pairs (id int primary key, n int not null); insert into pairs values (1, 0), (2, 0)')
  let arrived = 0
  const both = Promise.withResolvers<void>()
  const add = async (first: number, second: number) =>
    database.transaction(async (client) => {
      await client.query('update pairs set n = n + 1 where id = $1', [first])
      if (++arrived === 2) both.resolve()
      await both.promise
      await client.query('update pairs set n = n + 1 where id = $1', [second])
    })
  await Promise.all([add(1, 2), add(2, 1)])
  expect((await database.pool.query('select n from pairs')).rows).toEqual([{ n: 2 }, { n: 2 }])
  expect((await deadlocks()) - before).toBe(1)

  // A statement on the pool is a transaction of its own; a sequence keeps what a rollback takes back from all else.
  await database.pool.query(`
    create sequence tries;
    create function victim(lucky int) returns int language plpgsql as $$ begin
      if nextval('tries') < lucky then raise exception 'another session went first' using errcode = 'deadlock_detected'; end if;
      return 1;
    end $$`)
  expect((await database.pool.query('select victim(3)')).rows).toEqual([{ victim: 1 }])
  expect((await deadlocks()) - before).toBe(3)
  await expect(database.pool.query('select victim(100)')).rejects.toMatchObject({ code: 'CONFLICT' })
  await database.close()
  await created.drop()
})
