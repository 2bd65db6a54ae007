import { join } from 'node:path'

import { type DatabaseName, databaseNames, noLimits, System } from '@holdfast/launcher'
import { adminToken, api, type ConsistencyReply, queryOne, waitFor } from '@holdfast/testing'

import type { Facts } from '../facts'
import { checkAudited, readBooks } from '../kept'
import { startMs } from '../patience'
import { ask } from '../postgres/cluster'
import { findPrograms, type Programs } from '../postgres/programs'
import { startShopping } from '../shoppers'
import { ArchivedServer } from './archive'
import { checkThere, type Difference, type GoneBack, isOffered, madeSince, repair, toldSoFar } from './moment'

/** Later the more a database decides, and what is told to others before what they have heard. */
const order: readonly DatabaseName[] = ['order', 'reservation', 'inventory', 'gateway', 'notification', 'audit', 'events']
/** What stays until somebody who knows more than the books has decided. A hold that nobody knows is released while it is one. */
const isForPeople = (one: Difference): boolean =>
  ['hold_without_order', 'order'].includes(one.kind) ||
  (one.kind === 'hold_without_reservation' && !one.found.endsWith('HELD')) ||
  (one.kind === 'reservation' && !isOffered(one))

/** A dump of each database, each some time after the one before, under load: what services then disagree about. */
export async function tryDumps(folder: string, facts: Facts): Promise<void> {
  const programs = await findPrograms(folder)
  const server = await ArchivedServer.start(folder, programs)
  try {
    for (const name of databaseNames) await ask(server.url('postgres'), `create database "${name}"`)
    const goneBack = await buyAndDump(folder, server, programs, facts)
    for (const name of databaseNames) await restore(server, programs, name)
    // What a consumer had done after its own database was dumped it does again.
    await ask(server.url(restored('events')), 'delete from group_offsets')
    const system = await startOn(folder, server, restored)
    try {
      await checkDisagreement(system, goneBack, facts)
    } finally {
      await system.stop()
    }
  } finally {
    await server.stop()
  }
}

async function buyAndDump(folder: string, server: ArchivedServer, programs: Programs, facts: Facts): Promise<GoneBack> {
  const system = await startOn(folder, server, (name) => name)
  try {
    const shopping = await startShopping(system)
    await shopping.goesOn(100)
    const before = toldSoFar(shopping)
    for (const name of order) {
      await programs.run('pg_dump', ['--format=custom', `--file=${server.file(name)}`, `--dbname=${server.url(name)}`])
      await shopping.goesOn(30)
    }
    const moment = await server.now()
    facts.note('reservations acknowledged meanwhile', String(shopping.told.reservations.size - before.reservations.size))
    await shopping.goesOn(50)
    await shopping.stop()
    return { skus: shopping.skus, before, end: toldSoFar(shopping), since: await madeSince(system, moment) }
  } finally {
    await system.stop()
  }
}

async function restore(server: ArchivedServer, programs: Programs, name: DatabaseName): Promise<void> {
  await ask(server.url('postgres'), `create database "${restored(name)}"`)
  await programs.run('pg_restore', ['--exit-on-error', `--dbname=${server.url(restored(name))}`, server.file(name)])
}

const restored = (name: DatabaseName): string => `${name}_restored`

async function checkDisagreement(system: System, { before, since }: GoneBack, facts: Facts): Promise<void> {
  const admin = api(system.url, { token: await adminToken(system) })
  const shopping = { admin, skus: [], told: before }
  const first = await readBooks(shopping)
  facts.note('differences after the start', kindsOf(first))
  await repair(admin, (one) => isOffered(one) || isForPeople(one), facts)
  const left = await readBooks(shopping)
  facts.note('differences that people have to decide', kindsOf(left))
  facts.expect('others that did not go by themselves', 0, left.differences.filter((one) => !isForPeople(one)).length)
  facts.expect('rows that are under way for good', 0, Number(left.checked['underWay']))
  await checkThere(system, { before, since }, facts)
  await checkAudited(system, shopping, facts)
  await checkEventsAudited(system, facts)
}

/** Whatever the log has of what is audited has come to the audit log, also what its consumer had read before. */
async function checkEventsAudited(system: System, facts: Facts): Promise<void> {
  const { ids } = await queryOne<{ ids: string[] }>(
    system,
    'events',
    `select coalesce(array_agg(distinct headers ->> 'ce_id'), array[]::text[]) as ids from messages where headers ->> 'ce_audit' = 'true'`,
  )
  const missing = async () =>
    queryOne<{ count: number }>(
      system,
      'audit',
      `select count(*)::integer as count from unnest($1::uuid[]) as event (id)
       where not exists (select from audit_records r where r.event_id = event.id)`,
      [ids],
    )
  await waitFor(async () => (await missing()).count === 0, { what: 'events to be audited', timeoutMs: 60_000 }).catch(
    () => undefined,
  )
  facts.expect(`of ${ids.length} events in the log, not in the audit log`, 0, (await missing()).count)
}

function kindsOf({ differences }: ConsistencyReply): string {
  const kinds = Map.groupBy(differences, ({ kind, found }) => `${kind} (${found})`)
  return JSON.stringify(Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length])))
}

async function startOn(folder: string, server: ArchivedServer, databaseOf: (name: DatabaseName) => string): Promise<System> {
  const urls = databaseNames.map((name) => [name, server.url(databaseOf(name))])
  return System.start({
    dataFolder: join(folder, 'system'),
    databaseUrls: Object.fromEntries(urls) as Record<DatabaseName, string>,
    readyTimeoutMs: startMs,
    env: noLimits,
    notifications: true,
  })
}
