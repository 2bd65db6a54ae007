import { join } from 'node:path'

import { type DatabaseName, databaseNames, noLimits, System } from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import { startMs } from '../patience'
import type { Facts } from '../facts'
import { checkKept } from '../kept'
import { startShopping } from '../shoppers'
import { ask, type Cluster, type Loss, urlOf } from './cluster'
import { Pair } from './pair'
import { startPatroni } from './patroni'
import { findPrograms } from './programs'
import { startRouter } from './router'

export interface PostgresTrial {
  /** Whether Patroni decides which server is the primary, or a watch of our own. */
  patroni: boolean
  loss: Loss
}

/** How long may be waited for a new primary and for services that have found it, in ms. */
const patienceMs = 180_000

/** The primary is lost under load: what was acknowledged is kept, and how long nothing was taken. */
export async function tryPostgres({ patroni, loss }: PostgresTrial, folder: string, facts: Facts): Promise<void> {
  const programs = await findPrograms(folder)
  const cluster = patroni ? await startPatroni(folder, programs) : await Pair.start(folder, programs)
  const router = await startRouter({ folder, ...routes(cluster) })
  try {
    const url = (database: string) => urlOf(router.port, cluster.password, database)
    await makeDatabases(url('postgres'))
    const databaseUrls = Object.fromEntries(databaseNames.map((name) => [name, url(name)])) as Record<DatabaseName, string>
    const system = await System.start({
      dataFolder: join(folder, 'system'),
      readyTimeoutMs: startMs,
      databaseUrls,
      env: { ...noLimits, LOG_LEVEL: 'info' },
    })
    try {
      await loseUnderLoad(system, cluster, loss, facts)
    } finally {
      await system.stop()
    }
  } finally {
    await router.stop()
    await cluster.stop()
  }
}

function routes({
  servers,
  check,
  serverCheck,
}: Cluster): Pick<Parameters<typeof startRouter>[0], 'servers' | 'check' | 'serverCheck'> {
  return { servers, check, serverCheck }
}

async function makeDatabases(url: string): Promise<void> {
  await waitFor(async () => leadsToPrimary(url), { what: 'the router to find the primary', timeoutMs: patienceMs })
  for (const name of databaseNames) await ask(url, `create database "${name}"`, 30_000)
}

/** HAProxy takes every server for well until it has asked it, and gives each in turn. */
async function leadsToPrimary(url: string): Promise<boolean> {
  for (let connection = 0; connection < 4; connection++) {
    const [row] = await ask<{ standby: boolean }>(url, 'select pg_is_in_recovery() as standby')
    if (row?.standby !== false) return false
  }
  return true
}

async function loseUnderLoad(system: System, cluster: Cluster, loss: Loss, facts: Facts): Promise<void> {
  const shopping = await startShopping(system)
  await shopping.goesOn(100)
  const acknowledged = shopping.told.reservations.size
  const lostAt = performance.now()
  cluster.losePrimary(loss)
  facts.note('the primary is lost', `${loss === 'kill' ? 'killed' : 'it hangs'}, after ${acknowledged} reservations`)
  const { noticedAt, promotedAt } = await cluster.failover
  if (noticedAt !== undefined) facts.time('it was noticed after', noticedAt - lostAt)
  facts.time('another server was the primary after', promotedAt - lostAt)
  await shopping.goesOn(50, patienceMs)
  const rejoinedAt = performance.now()
  await cluster.rejoin()
  facts.time('the lost server was a standby again within', performance.now() - rejoinedAt)
  await shopping.goesOn(50, patienceMs)
  await shopping.stop()
  const outage = shopping.looks.outageSince(lostAt)
  if (outage === undefined) throw new Error('nothing was refused: was the primary lost?')
  facts.time('the first reservation was made after', outage.ms)
  facts.note('refused meanwhile', JSON.stringify(outage.failed))
  await checkKept(system, shopping, facts)
}
