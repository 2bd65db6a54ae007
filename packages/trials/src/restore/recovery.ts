import { join } from 'node:path'

import { type DatabaseName, databaseNames, noLimits, System } from '@holdfast/launcher'

import type { Facts } from '../facts'
import { startMs } from '../patience'
import { ask } from '../postgres/cluster'
import { findPrograms } from '../postgres/programs'
import { startShopping } from '../shoppers'
import { ArchivedServer } from './archive'
import { checkGoneBack, type GoneBack, madeSince, toldSoFar } from './moment'

/** `pg_basebackup` and an archive of the write-ahead log, both under load: the server goes back to a moment before an accident. */
export async function tryRecovery(folder: string, facts: Facts): Promise<void> {
  const server = await ArchivedServer.start(folder, await findPrograms(folder))
  let accident: Accident
  try {
    for (const name of databaseNames) await ask(server.url('postgres'), `create database "${name}"`)
    accident = await untilAnAccident(folder, server, facts)
  } finally {
    await server.stop()
  }
  const beganAt = performance.now()
  const restored = await server.goBackTo(accident.moment)
  try {
    facts.time('the server was as it was then within', performance.now() - beganAt)
    const system = await startOn(folder, restored)
    try {
      await checkGoneBack(system, accident, facts)
      // A history of its own begins, whose files have other names.
      await restored.archiveAll()
      facts.note('what is written since', 'is archived beside what was before')
    } finally {
      await system.stop()
    }
  } finally {
    await restored.stop()
  }
}

interface Accident extends GoneBack {
  /** Before it. */
  moment: string
}

async function untilAnAccident(folder: string, server: ArchivedServer, facts: Facts): Promise<Accident> {
  const system = await startOn(folder, server)
  try {
    const shopping = await startShopping(system)
    await shopping.goesOn(50)
    const beganAt = performance.now()
    await server.backUp()
    facts.time('pg_basebackup took', performance.now() - beganAt)
    await shopping.goesOn(150)
    const before = toldSoFar(shopping)
    const moment = await server.now()
    await shopping.goesOn(150)
    await shopping.stop()
    const since = await madeSince(system, moment)
    await ask(server.url('order'), 'truncate orders cascade')
    await server.archiveAll()
    facts.note('somebody empties the orders, some time after', moment)
    return { skus: shopping.skus, before, end: toldSoFar(shopping), since, moment }
  } finally {
    await system.stop()
  }
}

/** On the databases of a server, and with the keys that are in the folder. */
async function startOn(folder: string, server: ArchivedServer): Promise<System> {
  const urls = Object.fromEntries(databaseNames.map((name) => [name, server.url(name)])) as Record<DatabaseName, string>
  return System.start({
    dataFolder: join(folder, 'system'),
    databaseUrls: urls,
    readyTimeoutMs: startMs,
    env: noLimits,
    notifications: true,
  })
}
