import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { noLimits, System, workspaceRoot } from '@holdfast/launcher'

import type { Facts } from '../facts'
import { startMs } from '../patience'
import { startShopping } from '../shoppers'
import { checkGoneBack, type GoneBack, madeSince, toldSoFar } from './moment'

const run = promisify(execFile)
const program = join(workspaceRoot(), 'packages', 'launcher', 'dist', 'src', 'backup', 'main.js')

/** `npm run backup` of a running system under load, and a start on a copy of it. */
export async function tryBackup(folder: string, facts: Facts): Promise<void> {
  const backup = join(folder, 'backup')
  const goneBack = await buyAndBackUp(folder, backup, facts)
  const restored = join(folder, 'restored')
  // As docs/operations.md has it: whose files they are matters to PostgreSQL.
  await run('cp', ['-a', backup, restored])
  const beganAt = performance.now()
  const system = await System.start({ dataFolder: restored, readyTimeoutMs: startMs, env: noLimits, notifications: true })
  try {
    facts.time('a start on a copy of it', performance.now() - beganAt)
    await checkGoneBack(system, goneBack, facts)
  } finally {
    await system.stop()
  }
}

async function buyAndBackUp(folder: string, backup: string, facts: Facts): Promise<GoneBack> {
  const dataFolder = join(folder, 'system')
  const system = await System.start({ dataFolder, readyTimeoutMs: startMs, env: noLimits, notifications: true })
  try {
    const shopping = await startShopping(system)
    await shopping.goesOn(150)
    const before = toldSoFar(shopping)
    const { stdout } = await run(process.execPath, [program, backup], { env: { ...process.env, HOLDFAST_DATA_DIR: dataFolder } })
    const moment = new Date()
    facts.note('npm run backup', stdout.split('\n')[0] ?? '')
    facts.note('reservations acknowledged meanwhile', String(shopping.told.reservations.size - before.reservations.size))
    await shopping.goesOn(150)
    await shopping.stop()
    return { skus: shopping.skus, before, end: toldSoFar(shopping), since: await madeSince(system, moment) }
  } finally {
    await system.stop()
  }
}
