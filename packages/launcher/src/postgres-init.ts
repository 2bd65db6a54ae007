import { execFile } from 'node:child_process'
import { chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { PostgresBinaries } from './postgres-binaries'
import type { RunAs } from './run-as'

const run = promisify(execFile)

export interface ClusterOptions {
  folder: string
  dataFolder: string
  binaries: PostgresBinaries
  identity: RunAs
  superuser: string
  password: string
  /** Whether the new files are forced to disk before it resolves. */
  sync: boolean
}

/** Makes the data folder when it is missing: aside, then renamed, so that a start killed meanwhile leaves no half of one. */
export async function initDatabaseCluster(options: ClusterOptions): Promise<void> {
  const { folder, dataFolder, identity } = options
  const exists = await stat(join(dataFolder, 'PG_VERSION')).catch(() => undefined)
  if (exists !== undefined) return
  const draft = join(folder, 'data.new')
  const passwordFile = join(folder, 'password.new')
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 })
  for (const path of [draft, passwordFile]) await giveTo(path, identity)
  try {
    await initdb(options, draft, passwordFile)
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(draft, dataFolder)
}

async function initdb(options: ClusterOptions, draft: string, passwordFile: string): Promise<void> {
  const { binaries, identity, superuser } = options
  const args = [`--pgdata=${draft}`, `--username=${superuser}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  // The same on every machine, whatever locales it has: PostgreSQL's own C.UTF-8.
  args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions')
  if (!options.sync) args.push('--no-sync')
  const [program = '', ...rest] = [...identity.prefix, binaries.initdb, ...args]
  await run(program, rest, { ...ids(identity), env: postgresEnvironment(), windowsHide: true })
}

/** With a prefix it is that program which changes the user. */
export function ids(identity: RunAs): { uid?: number; gid?: number } {
  return identity.prefix.length > 0 ? {} : { uid: identity.uid, gid: identity.gid }
}

/** Ours without PostgreSQL's own variables (PGDATA, PGPORT, ...), which may be about another server. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))
  return { ...Object.fromEntries(entries), LC_ALL: 'C' }
}

async function giveTo(path: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}
