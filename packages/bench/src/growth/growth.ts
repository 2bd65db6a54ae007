/** Holdfast with millions of holds behind it beside an empty one: the same requests to both, in turn. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Client as Caller, createClient } from '@holdfast/client'
import { noLimits, startPostgres, System } from '@holdfast/launcher'
import { Client } from 'pg'

import { generateLoad } from '../load/generate-load'
import { Latencies } from '../load/latencies'
import { median } from '../statistics'
import { type Counters, perThousand, readCounters, toldWithinMs } from './counters'
import { fill, hotSku, type Size } from './fill'

export interface GrowthOptions extends Size {
  rounds: number
  /** Of each measurement. */
  seconds: number
  /** Where the data goes; what is filled there stays for the next run. Default: a temporary folder, which is removed. */
  folder?: string
  signal: AbortSignal
  say: (line: string) => void
}

/** One line of the result, as the median over the rounds: what was measured, in ms, or counted for 1,000 reservations. */
export interface GrowthFigure {
  what: string
  empty: number
  grown: number
  /** The median of the rounds' ratios grown / empty: both sides of each were measured within the same minute. */
  ratio: number
}

export interface GrowthResults {
  figures: GrowthFigure[]
  /** What PostgreSQL did for 1,000 reservations with many in flight. */
  counted: GrowthFigure[]
  /** What must not be: a request that failed, a table of the grown system that was read from end to end. */
  problems: string[]
  /** Differences that the check of the books names afterwards; undefined: it was not asked, as it takes minutes. */
  differences?: number
}

/** No limits, nothing archived while it is measured. */
const env = { ...noLimits, LOG_LEVEL: 'warn', ARCHIVE_AFTER_HOURS: '0' }
const userCount = 8
const inFlight = 50
/** More than that takes the check of the books longer than a request may. */
const mostChecked = 100_000
/** Reservations whose end is waited for: so many for each second that a measurement takes, and how long they live. */
const shortLived = { perSecond: 100, ttlSeconds: 5 }

interface Side {
  system: System
  tokens: string[]
}

interface Sample {
  latencies: Counters
  counted: Counters
}

export async function measureGrowth(options: GrowthOptions): Promise<GrowthResults> {
  const { rounds, say, signal } = options
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-growth-'))
  const systems: System[] = []
  try {
    const start = async (name: string): Promise<System> => {
      const system = await System.start({ dataFolder: join(temporary, name), env, signal })
      systems.push(system)
      return system
    }
    const grown = await grow(join(options.folder ?? temporary, 'grown'), options)
    systems.push(grown)
    const empty = await start('empty')
    const sides = { empty: await makeSide(empty, true), grown: await makeSide(grown, false) }
    const problems: string[] = []
    say('warming up ...')
    await Promise.all([sides.empty, sides.grown].map(async (side) => measureSide(side, options, problems)))
    const scansBefore = await readScans(grown)
    const samples: { empty: Sample; grown: Sample }[] = []
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds} ...`)
      const first = round % 2 === 0
      const one = await measureSide(first ? sides.grown : sides.empty, options, problems)
      const other = await measureSide(first ? sides.empty : sides.grown, options, problems)
      samples.push(first ? { empty: other, grown: one } : { empty: one, grown: other })
    }
    problems.push(...scanProblems(scansBefore, await readScans(grown)))
    const figures = makeFigures(samples, 'latencies')
    const counted = makeFigures(samples, 'counted')
    if (options.active + options.closed > mostChecked) return { figures, counted, problems }
    return { figures, counted, problems, differences: await countDifferences(sides.grown.system) }
  } finally {
    for (const system of systems) await system.stop()
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A system that is migrated, filled while it is stopped, and started again; or one that was filled like this before. */
async function grow(dataFolder: string, { active, closed, say, signal }: GrowthOptions): Promise<System> {
  const size = JSON.stringify({ active, closed })
  const marker = join(dataFolder, 'filled.json')
  const filled = await readFile(marker, 'utf8').catch(() => undefined)
  if (filled !== undefined && filled !== size) throw new Error(`${dataFolder} has ${filled}, and ${size} was asked for`)
  if (filled !== undefined) return System.start({ dataFolder, env, signal })
  const fresh = await System.start({ dataFolder, env, signal })
  await fresh.stop()
  say(`filling: ${active} active and ${closed} closed holds ...`)
  const server = await startPostgres({ folder: join(dataFolder, 'postgres') })
  try {
    await fill((database) => server.url(database), { active, closed }, say)
  } finally {
    await server.stop()
  }
  await writeFile(marker, size)
  return System.start({ dataFolder, env, signal })
}

async function makeSide(system: System, isEmpty: boolean): Promise<Side> {
  if (isEmpty) {
    const admin = await asAdmin(system)
    await admin.createProduct({ sku: hotSku, name: hotSku, price: { currency: 'USD', amountMinor: '1000' }, stock: 500_000_000 })
  }
  const register = async (): Promise<string> => {
    const credential = { email: `growth-${randomUUID()}@shop.example`, password: `secret ${randomBytes(16).readBigUInt64BE()}` }
    return (await createClient({ url: system.url }).register(credential)).accessToken
  }
  return { system, tokens: await Promise.all(Array.from({ length: userCount }, register)) }
}

async function measureSide(side: Side, { seconds, signal }: GrowthOptions, problems: string[]): Promise<Sample> {
  signal.throwIfAborted()
  const latencies: Counters = {}
  let counted: Counters = {}
  for (const [name, connections] of [
    ['reserve, lone', 1],
    [`reserve, ${inFlight} in flight`, inFlight],
  ] as const) {
    const phases = [{ shape: { kind: 'closed' as const, seconds }, connections, skus: [hotSku] }]
    const before = await readCounters(side.system.databaseUrl('inventory'))
    const [result] = await generateLoad(
      { target: { kind: 'http', url: side.system.url }, tokens: side.tokens, keyPrefix: randomUUID(), phases },
      signal,
    )
    if (result === undefined) throw new Error('the load generator left a phase out')
    if (result.accepted !== result.sent)
      problems.push(`${name}: ${result.sent - result.accepted} of ${result.sent} not taken: ${result.firstFailure}`)
    latencies[`${name}, p50`] = result.latency.p50
    latencies[`${name}, p95`] = result.latency.p95
    await sleep(toldWithinMs)
    // The last is that of many in flight.
    counted = perThousand(before, await readCounters(side.system.databaseUrl('inventory')), result.accepted)
  }
  for (const readers of [1, inFlight]) {
    const name = readers === 1 ? 'availability, lone' : `availability, ${inFlight} in flight`
    const { p50, p95 } = (await readAvailability(side, readers, seconds)).summary()
    latencies[`${name}, p50`] = p50
    latencies[`${name}, p95`] = p95
  }
  const late = await measureExpiry(side, Math.ceil(seconds * shortLived.perSecond))
  latencies['expired after its time, p50'] = late.p50
  latencies['expired after its time, p95'] = late.p95
  return { latencies, counted }
}

async function readAvailability({ system }: Side, readers: number, seconds: number): Promise<Latencies> {
  const latencies = new Latencies()
  const client = createClient({ url: system.url, tries: 1 })
  const endsAt = performance.now() + seconds * 1000
  const read = async (): Promise<void> => {
    for (let now = performance.now(); now < endsAt;) {
      await client.getAvailability({ skus: [hotSku] })
      const before = now
      now = performance.now()
      latencies.record(now - before)
    }
  }
  await Promise.all(Array.from({ length: readers }, read))
  return latencies
}

/** How long after their time reservations are EXPIRED by the sweeper: its look for what is due, the claim, and the end. */
async function measureExpiry({ system, tokens }: Side, count: number): Promise<{ p50: number; p95: number }> {
  const lines = [{ sku: hotSku, quantity: 1 }]
  const ids: string[] = []
  const left = Array.from({ length: count }, (_, index) => tokens[index % tokens.length]).values()
  const make = async (): Promise<void> => {
    for (const token of left) {
      const shopper = createClient({ url: system.url, token: () => token })
      const { reservation } = await shopper.createReservation({ lines, ttlSeconds: shortLived.ttlSeconds })
      ids.push(reservation?.id ?? '')
    }
  }
  await Promise.all(Array.from({ length: 20 }, make))
  const url = system.databaseUrl('reservation')
  const text = `select extract(epoch from updated_at - expires_at)::float8 * 1000 as late from reservations where id = any($1::uuid[]) and status = 'EXPIRED'`
  for (;;) {
    const rows = await query<{ late: number }>(url, text, [ids])
    if (rows.length < ids.length) {
      await sleep(200)
      continue
    }
    const latencies = new Latencies()
    for (const { late } of rows) latencies.record(late)
    return latencies.summary()
  }
}

type Scans = Map<string, { rows: number; read: number }>

const measured = ['inventory', 'reservation', 'order'] as const

/** Rows read from end to end so far, by table; the counters of other sessions follow within a moment. */
async function readScans(system: System): Promise<Scans> {
  await sleep(2_000)
  const text = `select relname as name, n_live_tup::float8 as rows, seq_tup_read::float8 as read from pg_stat_user_tables`
  const scans: Scans = new Map()
  for (const database of measured) {
    for (const { name, rows, read } of await query<{ name: string; rows: number; read: number }>(
      system.databaseUrl(database),
      text,
    )) {
      scans.set(`${database}.${name}`, { rows, read })
    }
  }
  return scans
}

/** Tables worth a mention: to read fewer rows from end to end is nothing. */
const manyRows = 50_000

function scanProblems(before: Scans, after: Scans): string[] {
  return [...after].flatMap(([name, { rows, read }]) => {
    const more = read - (before.get(name)?.read ?? 0)
    return rows < manyRows || more === 0 ? [] : [`${name}: ${more} rows were read by scans of the whole table`]
  })
}

function makeFigures(rounds: { empty: Sample; grown: Sample }[], kind: keyof Sample): GrowthFigure[] {
  const samples = rounds.map(({ empty, grown }) => ({ empty: empty[kind], grown: grown[kind] }))
  const names = Object.keys(samples[0]?.empty ?? {})
  return names.map((what) => ({
    what,
    empty: median(samples.map(({ empty }) => empty[what] ?? NaN)),
    grown: median(samples.map(({ grown }) => grown[what] ?? NaN)),
    ratio: median(samples.map(({ empty, grown }) => (grown[what] ?? NaN) / (empty[what] ?? NaN))),
  }))
}

async function countDifferences(system: System): Promise<number> {
  const admin = await asAdmin(system)
  return (await admin.checkConsistency({})).differences.length
}

async function asAdmin({ url, credentials }: System): Promise<Caller> {
  const { accessToken } = await createClient({ url }).login(credentials.admin)
  return createClient({ url, token: () => accessToken })
}

async function query<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}
