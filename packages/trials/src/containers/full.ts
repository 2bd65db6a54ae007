/** What deploy/compose/full.env adds, asked as an operator would. */
import { randomBytes, randomUUID } from 'node:crypto'

import { adminToken, api, registerUser, reserveOne, waitFor } from '@holdfast/testing'

import type { Facts } from '../facts'
import { makeProduct, type Shop } from '../shoppers'
import type { Compose } from './compose'

/** Scrapes, traces and mails come in their own time, in ms. */
const patienceMs = 180_000
const jobs = ['audit', 'gateway', 'inventory', 'notification', 'order', 'reservation']

export async function lookAtFull(compose: Compose, shop: Shop, facts: Facts): Promise<void> {
  await lookAtPrometheus(compose, facts)
  await lookAtGrafana(compose, facts)
  const shopper = await registerUser(shop.url)
  const sku = await makeProduct(api(shop.url, { token: await adminToken(shop) }), 3)
  const person = api(shop.url, { token: shopper.token })
  const { body } = await reserveOne(person, sku, randomUUID(), patienceMs)
  const trace = randomBytes(16).toString('hex')
  const headers = { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` }
  const { status } = await person.post('/v1/checkout', { reservationId: body.reservation.id }, { headers })
  facts.expect('status of a checkout', 200, status)
  await lookAtKafka(compose, body.reservation.id, facts)
  await lookAtJaeger(compose, trace, facts)
  await lookAtMail(compose, shopper.email, facts)
  facts.expect(
    'gateways that count limits in Redis',
    1,
    /^rate_limit_redis_up 1$/m.test(await compose.metrics('gateway')) ? 1 : 0,
  )
}

async function ask<Reply>(url: string, body?: object): Promise<Reply> {
  const post = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const reply = await fetch(url, { ...(body === undefined ? {} : post), signal: AbortSignal.timeout(30_000) })
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`)
  return (await reply.json()) as Reply
}

async function lookAtPrometheus(compose: Compose, facts: Facts): Promise<void> {
  interface Targets {
    data: { activeTargets: { labels: { job: string }; health: string }[] }
  }
  const up = async () => {
    const { data } = await ask<Targets>(`${compose.url('prometheus')}/api/v1/targets`)
    return data.activeTargets.filter(({ health }) => health === 'up').map(({ labels }) => labels.job)
  }
  await waitFor(
    async () => {
      const found = await up()
      return jobs.every((job) => found.includes(job))
    },
    { what: 'Prometheus to reach every service', timeoutMs: patienceMs },
  )
  facts.note('Prometheus reaches', (await up()).sort().join(' '))

  interface Rules {
    data: { groups: { rules: { name: string; health: string }[] }[] }
  }
  const rules = async () => {
    const { data } = await ask<Rules>(`${compose.url('prometheus')}/api/v1/rules`)
    return data.groups.flatMap((group) => group.rules)
  }
  await waitFor(async () => (await rules()).every(({ health }) => health !== 'unknown'), {
    what: 'every rule to be evaluated',
    timeoutMs: patienceMs,
  })
  const all = await rules()
  facts.note('rules of Prometheus', String(all.length))
  facts.expect('rules that fail', 0, all.filter(({ health }) => health !== 'ok').length)
}

/** Its boards, and its data source as a board asks it. */
async function lookAtGrafana(compose: Compose, facts: Facts): Promise<void> {
  const boards = await ask<unknown[]>(`${compose.url('grafana')}/api/search?type=dash-db`)
  facts.expect('boards of Grafana', 2, boards.length)
  const query = { refId: 'A', datasource: { uid: 'prometheus' }, expr: 'sum(up)', instant: true }
  interface Results {
    results: { A: { frames: { data: { values: number[][] } }[] } }
  }
  const { results } = await ask<Results>(`${compose.url('grafana')}/api/ds/query`, {
    queries: [query],
    from: 'now-5m',
    to: 'now',
  })
  facts.expect('services that the data source knows of', jobs.length, results.A.frames[0]?.data.values.at(-1)?.[0] ?? 0)
}

/** Read by a consumer that is not ours: the topics are there for everyone. */
async function lookAtKafka(compose: Compose, reservation: string, facts: Facts): Promise<void> {
  const script = `
    const { Kafka, logLevel } = require('/app/packages/events/node_modules/kafkajs')
    const consumer = new Kafka({ brokers: ['kafka:9092'], logLevel: logLevel.NOTHING }).consumer({ groupId: 'trial-${reservation}' })
    void (async () => {
      await consumer.connect()
      await consumer.subscribe({ topics: ['holdfast.reservation.v1'], fromBeginning: true })
      await consumer.run({ eachMessage: async ({ message }) => {
        if (!message.value.includes('${reservation}')) return
        console.log(message.headers.ce_type?.toString() ?? 'an event')
        setTimeout(() => process.exit(), 100)
      } })
    })()
    setTimeout(() => process.exit(1), ${patienceMs})`
  const [type = ''] = (await compose.script('reservation', script)).split('\n')
  facts.note('an event of the reservation on Kafka', type)
}

/** The checkout's way, whose trace its caller has begun. */
async function lookAtJaeger(compose: Compose, trace: string, facts: Facts): Promise<void> {
  interface Traces {
    data: { spans: unknown[]; processes: Record<string, { serviceName: string }> }[]
  }
  const way = ['gateway', 'order', 'reservation', 'inventory', 'audit'].map((name) => `holdfast-${name}`)
  const { spans, processes } = await waitFor(
    async () => {
      const { data } = await ask<Traces>(`${compose.url('jaeger')}/api/traces/${trace}`)
      const names = Object.values(data[0]?.processes ?? {}).map(({ serviceName }) => serviceName)
      return way.every((name) => names.includes(name)) && data[0]
    },
    { what: 'a trace from the request to the audit record', timeoutMs: patienceMs },
  )
  const services = Object.values(processes).map(({ serviceName }) => serviceName)
  facts.note('the trace of a checkout in Jaeger', `${spans.length} spans of ${services.sort().join(', ')}`)
}

async function lookAtMail(compose: Compose, email: string, facts: Facts): Promise<void> {
  const count = async () => (await compose.run('logs', '--no-log-prefix', 'mailbox')).split(`mail to ${email}`).length - 1
  await waitFor(async () => (await count()) > 0, { what: 'a mail', timeoutMs: patienceMs })
  facts.note('mails to the shopper whose order it is', String(await count()))
}
