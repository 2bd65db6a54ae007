/** The smallest transaction that takes a unit: an UPDATE of one row, one commit each, without any service. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { Latencies } from '../load/latencies'
import { makeSkus } from './load'
import { type MeasureContext, type Measured, plenty, type ScenarioGroup } from './scenario'

/** As many as the services with a transaction for each request have connections. */
const clients = 20

export const pgbench: ScenarioGroup = {
  scenarios: ({ seconds }) => [
    {
      name: 'update-20',
      title: `1 SKU, UPDATE of its row, ${clients} database connections`,
      systems: ['pgbench'],
      measure: async (context) => measureUpdates(Math.ceil(seconds), context),
    },
  ],
}

async function measureUpdates(seconds: number, { running, signal }: MeasureContext): Promise<Measured> {
  const skus = makeSkus(1)
  await running.prepare(skus, plenty)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-pgbench-'))
  try {
    const script = join(folder, 'script.sql')
    await writeFile(script, `update stock set reserved = reserved + 1 where sku = '${skus[0]}';\n`)
    const url = running.databaseUrl ?? ''
    const args = ['-n', '-c', String(clients), '-j', '2', '-T', String(seconds), '-M', 'prepared', '-l', '-f', script]
    await promisify(execFile)('pgbench', [...args, '--log-prefix', join(folder, 'log'), url], { signal })
    const result = await readLogs(folder, seconds)
    const reserved = await running.reserved?.(skus)
    const problems = reserved === result.accepted ? [] : [`${result.accepted} transactions, ${reserved} units taken`]
    return { ...result, settleSeconds: 0, problems }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readLogs(folder: string, seconds: number): Promise<Omit<Measured, 'settleSeconds' | 'problems'>> {
  const logs = (await readdir(folder)).filter((name) => name.startsWith('log'))
  const latencies = new Latencies()
  for (const log of logs) recordTransactions(await readFile(join(folder, log), 'utf8'), latencies)
  const { count } = latencies
  return {
    sent: count,
    accepted: count,
    refused: 0,
    conflicts: 0,
    failed: 0,
    perSecond: count / seconds,
    latency: latencies.summary(),
    lastAcceptedAfter: seconds,
    refusedAfter: 0,
    refusedAfterSeconds: 0,
  }
}

/** @param log lines of `client transaction microseconds ...` (PostgreSQL documentation, pgbench, Per-Transaction Logging) */
export function recordTransactions(log: string, latencies: Latencies): void {
  for (const line of log.split('\n')) {
    const micros = line.split(' ')[2]
    if (micros !== undefined) latencies.record(Number(micros) / 1000)
  }
}
