import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePort, startPostgres } from '@holdfast/launcher'
import { Client } from 'pg'

import { hasProgram } from './program-version'
import type { BenchSystem, RunningSystem } from './system'

/** The packages of a Medusa application without its admin pages; npm takes the newest of this line. */
const line = '2.21'
const packages = ['medusa', 'framework', 'cli'].map((name) => `@medusajs/${name}@${line}`)

const config = `const { defineConfig } = require('@medusajs/framework/utils')
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    http: { storeCors: '*', adminCors: '*', authCors: '*', jwtSecret: '${randomUUID()}', cookieSecret: '${randomUUID()}' },
  },
})
`

const admin = { email: 'bench@shop.example', password: randomUUID() }
/** Installing takes the longest; it depends on the network. */
const installTimeoutMs = 900_000
const commandTimeoutMs = 600_000
/** The most units that a level of it holds. */
const mostUnits = 1_000_000_000

/** An application that was installed, with its database; kept until the run is over, so that only the first start pays for it. */
interface Application {
  folder: string
  version: string
  migrated: boolean
}

let installed: Application | undefined

/** Medusa 2, a commerce platform on Node and PostgreSQL: a reservation of one inventory item by its admin API. */
export const medusa: BenchSystem = {
  name: 'medusa',
  title: 'Medusa 2',
  peer: true,
  missing: () => (hasProgram('npm') ? undefined : 'there is no npm on the PATH'),
  start: async (signal) => {
    installed ??= await install(signal)
    const { folder, version } = installed
    const postgres = await startPostgres({ folder: join(folder, 'postgres'), databases: ['medusa'] })
    const databaseUrl = postgres.url('medusa')
    let server: ChildProcess | undefined
    const stop = async (): Promise<void> => {
      await end(server)
      await postgres.stop()
    }
    try {
      if (!installed.migrated) {
        await medusaCommand(folder, ['db:migrate'], { DATABASE_URL: databaseUrl }, signal)
        await medusaCommand(folder, ['user', '-e', admin.email, '-p', admin.password], { DATABASE_URL: databaseUrl }, signal)
        installed.migrated = true
      }
      const port = await freePort()
      server = runMedusa(folder, ['start'], { DATABASE_URL: databaseUrl, PORT: String(port), HOST: '127.0.0.1' })
      const url = `http://127.0.0.1:${port}`
      await untilHealthy(url, server, folder, signal)
      return runningMedusa(url, databaseUrl, version, stop)
    } catch (error) {
      await stop()
      throw error
    }
  },
  cleanUp: async () => {
    if (installed !== undefined) await rm(installed.folder, { recursive: true, force: true, maxRetries: 5 })
    installed = undefined
  },
}

async function runningMedusa(
  url: string,
  databaseUrl: string,
  version: string,
  stop: () => Promise<void>,
): Promise<RunningSystem> {
  const login = await call<{ token: string }>(`${url}/auth/user/emailpass`, undefined, admin)
  const { token } = login
  const { stock_location: location } = await call<{ stock_location: { id: string } }>(`${url}/admin/stock-locations`, token, {
    name: 'Bench',
  })
  const items = new Map<string, string>()
  return {
    targets: {
      http: {
        kind: 'http',
        url: `${url}/admin/reservations`,
        body: JSON.stringify({ inventory_item_id: '$SKU', location_id: location.id, quantity: 1 }),
      },
    },
    databaseUrl,
    versions: { medusa: version },
    prepare: async (skus, stock) => {
      const levels = [{ location_id: location.id, stocked_quantity: Math.min(stock, mostUnits) }]
      for (const sku of skus) {
        const made = await call<{ inventory_item: { id: string } }>(`${url}/admin/inventory-items`, token, {
          sku,
          location_levels: levels,
        })
        items.set(sku, made.inventory_item.id)
      }
      return { users: [token], names: skus.map((sku) => items.get(sku) ?? sku) }
    },
    reserved: async (skus) =>
      reservedUnits(
        databaseUrl,
        skus.map((sku) => items.get(sku) ?? sku),
      ),
    stop,
  }
}

async function install(signal: AbortSignal): Promise<Application> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-medusa-'))
  try {
    await installInto(folder, signal)
  } catch (error) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
  const manifest = await readFile(join(folder, 'node_modules', '@medusajs', 'medusa', 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return { folder, version, migrated: false }
}

async function installInto(folder: string, signal: AbortSignal): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "name": "peer", "private": true, "version": "0.0.0" }\n')
  await writeFile(join(folder, 'medusa-config.js'), config)
  // None of its packages needs its install script for what is measured.
  const npm = start('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], folder, {})
  await untilDone(npm, 'npm install', folder, installTimeoutMs, signal)
}

async function medusaCommand(folder: string, args: string[], env: Record<string, string>, signal: AbortSignal): Promise<void> {
  await untilDone(runMedusa(folder, args, env), `medusa ${args[0]}`, folder, commandTimeoutMs, signal)
}

function runMedusa(folder: string, args: string[], env: Record<string, string>): ChildProcess {
  const program = join(folder, 'node_modules', '@medusajs', 'cli', 'cli.js')
  return start(process.execPath, [program, ...args], folder, { ...env, NODE_ENV: 'production', MEDUSA_DISABLE_TELEMETRY: 'true' })
}

/** In a process group of its own: Medusa starts processes that do not end with it. */
function start(command: string, args: string[], folder: string, env: Record<string, string>): ChildProcess {
  const log = openSync(logFile(folder), 'a')
  // Its programs find this Node first.
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`
  return spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env, PATH: path },
    stdio: ['ignore', log, log],
    detached: true,
  })
}

async function untilDone(
  child: ChildProcess,
  what: string,
  folder: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const code = await Promise.race([
    once(child, 'exit', { signal }).then(([code]) => String(code)),
    sleep(timeoutMs, 'not done in time', { signal, ref: false }),
  ]).finally(async () => end(child))
  if (code !== '0') throw new Error(`${what}: ${code}\n${await tail(folder)}`)
}

async function untilHealthy(url: string, server: ChildProcess, folder: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = Date.now() + commandTimeoutMs
  while (Date.now() < giveUpAt && server.exitCode === null) {
    signal.throwIfAborted()
    const healthy = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (healthy) return
    await sleep(200)
  }
  throw new Error(`medusa start did not answer\n${await tail(folder)}`)
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await ended
}

function logFile(folder: string): string {
  return join(folder, 'medusa.log')
}

async function tail(folder: string): Promise<string> {
  return (await readFile(logFile(folder), 'utf8').catch(() => '')).slice(-2_000)
}

async function call<Body>(url: string, token: string | undefined, body: object): Promise<Body> {
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

async function reservedUnits(databaseUrl: string, items: string[]): Promise<number> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const text = 'select coalesce(sum(reserved_quantity), 0)::int as sum from inventory_level where inventory_item_id = any ($1)'
    return (await client.query<{ sum: number }>(text, [items])).rows[0]?.sum ?? 0
  } finally {
    await client.end()
  }
}
