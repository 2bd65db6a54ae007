import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createClient } from '@holdfast/client'
import { type DatabaseName, noLimits, serviceNames, System } from '@holdfast/launcher'
import { Client } from 'pg'

import { readProcessorTimes } from './processor-time'
import type { BenchSystem, RunningSystem } from './system'

const userCount = 8
/** No limits: one machine is all the shoppers. */
const env = { ...noLimits, LOG_LEVEL: 'warn' }
/** How many products are made at once. */
const makersAtOnce = 50

/** All five services, their databases and the event log, as `npm start` runs them. */
export const holdfast: BenchSystem = {
  name: 'holdfast',
  title: 'Holdfast, everything on',
  start: async () => startHoldfast({ KAFKA_BROKERS: '' }),
}

/** The same, with its events on a Kafka that is there already. */
export const holdfastOnKafka: BenchSystem = {
  name: 'holdfast-kafka',
  title: 'Holdfast, events on Kafka',
  missing: () =>
    (process.env.KAFKA_BROKERS ?? '') === '' ? 'KAFKA_BROKERS names no broker (`npm run kafka` starts one)' : undefined,
  start: async () => startHoldfast({}),
}

/** What more processes behind one gateway cost or bring: they share the databases, and each its batches with fewer callers. */
export const holdfastReplicas: BenchSystem[] = [2, 4].map((replicas) => ({
  name: `holdfast-${replicas}`,
  title: `Holdfast, ${replicas} processes of each service`,
  peer: true,
  start: async () => startHoldfast({ KAFKA_BROKERS: '' }, replicas),
}))

/** @param moreEnv over that of this process @param replicas processes of each service but the gateway */
async function startHoldfast(moreEnv: Record<string, string>, replicas = 1): Promise<RunningSystem> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  const remove = async (): Promise<void> => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
  let system: System
  try {
    system = await System.start({ dataFolder, replicas, env: { ...env, ...moreEnv } })
  } catch (error) {
    await remove()
    throw error
  }
  return {
    targets: {
      http: { kind: 'http', url: system.url },
      grpc: { kind: 'grpc', address: system.grpc.reservation },
      holds: { kind: 'holds', address: system.grpc.inventory, serviceKey: system.keys.servicePrivateKeys.reservation },
    },
    databaseUrl: system.databaseUrl('inventory'),
    databaseOf: (service) => system.databaseUrl(service),
    prepare: async (skus, stock) => {
      const admin = await makeProducts(system, skus, stock)
      const users = await Promise.all(Array.from({ length: userCount }, async () => register(system.url)))
      return { users, admin }
    },
    reserved: async (skus) => reservedUnits(system.url, skus),
    settle: async () => settleEvents(system),
    crash: async () => {
      system.crashDatabase()
      await Promise.all(serviceNames.map(async (name) => system.kill(name)))
    },
    afterCrash: async (sku) => {
      await system.waitUntilReady()
      const text = `select count(*)::int as count from reservations where lines -> 0 ->> 'sku' = '${sku}'`
      return { records: await queryCount(system, 'reservation', text), reserved: await reservedUnits(system.url, [sku]) }
    },
    memory: () => memoryOf(system),
    processorTimes: async () => readProcessorTimes(system),
    stop: async () => {
      await system.stop()
      await remove()
    },
  }
}

/** @returns the admin's token */
async function makeProducts({ url, credentials }: System, skus: string[], stock: number): Promise<string> {
  const { accessToken } = await createClient({ url }).login(credentials.admin)
  const admin = createClient({ url, token: () => accessToken })
  const left = skus.values()
  const make = async (): Promise<void> => {
    for (const sku of left) {
      await admin.createProduct({ sku, name: `Product ${sku}`, price: { currency: 'USD', amountMinor: '1000' }, stock })
    }
  }
  await Promise.all(Array.from({ length: Math.min(makersAtOnce, skus.length) }, make))
  return accessToken
}

async function register(url: string): Promise<string> {
  const credential = { email: `bench-${randomUUID()}@shop.example`, password: `secret ${randomBytes(16).readBigUInt64BE()}` }
  return (await createClient({ url }).register(credential)).accessToken
}

/** As clients read it, in pages of as many SKUs as one request may name. */
async function reservedUnits(url: string, skus: string[]): Promise<number> {
  const client = createClient({ url })
  let sum = 0
  for (let from = 0; from < skus.length; from += 500) {
    const { availability } = await client.getAvailability({ skus: skus.slice(from, from + 500) })
    for (const { reserved } of availability) sum += reserved
  }
  return sum
}

/** Every outbox is empty, and audit has read every topic of the embedded log to its end. */
async function settleEvents(system: System): Promise<void> {
  const outboxes: DatabaseName[] = ['inventory', 'reservation', 'order', 'gateway']
  for (const name of outboxes) await untilNone(system, name, 'select count(*)::int as count from outbox')
  await untilNone(
    system,
    'events',
    `select coalesce(sum(t.next_offset - coalesce(o.next_offset, 0)), 0)::int as count
      from topics t left join group_offsets o on o.topic = t.name and o.group_name = 'audit' where t.name not like '%.dlq'`,
  )
}

async function untilNone(system: System, database: DatabaseName, text: string): Promise<void> {
  while ((await queryCount(system, database, text)) > 0) await sleep(50)
}

async function queryCount(system: System, database: DatabaseName, text: string): Promise<number> {
  const client = new Client({ connectionString: system.databaseUrl(database) })
  await client.connect()
  try {
    return (await client.query<{ count: number }>(text)).rows[0]?.count ?? 0
  } finally {
    await client.end()
  }
}

function memoryOf(system: System): Record<string, number> {
  const entries = serviceNames.flatMap((name): [string, number][] => {
    try {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${system.pid(name)}/status`, 'utf8'))?.[1]
      return kilobytes === undefined ? [] : [[name, Number(kilobytes) * 1024]]
    } catch {
      return []
    }
  })
  return Object.fromEntries(entries)
}
