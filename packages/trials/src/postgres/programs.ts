import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type RunAs, runAs } from '@holdfast/launcher'

const run = promisify(execFile)

/** A whole PostgreSQL, with its tools: the one that comes with Holdfast has no pg_basebackup. */
export interface Programs {
  readonly folder: string
  readonly identity: RunAs
  /** A command as the user that servers run as. */
  command(program: string, ...args: string[]): string[]
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>
  /** A folder of that user's alone. */
  makeFolder(path: string): Promise<void>
}

/** @throws Error where there is none; `POSTGRES_BIN` names its folder, else Debian's newest is taken */
export async function findPrograms(trialFolder: string): Promise<Programs> {
  const folder = process.env.POSTGRES_BIN ?? (await debiansNewest())
  const postgres = await realpath(join(folder, 'postgres')).catch(() => {
    throw new Error(`${folder} has no PostgreSQL: name its folder of programs in POSTGRES_BIN`)
  })
  const identity = await runAs(join(trialFolder, 'data'), [postgres, trialFolder])
  const command = (program: string, ...args: string[]) => [...identity.prefix, join(folder, program), ...args]
  const { uid, gid } = identity.prefix.length > 0 ? {} : identity
  return {
    folder,
    identity,
    command,
    run: async (program, args, env = {}) => {
      const [file = '', ...rest] = command(program, ...args)
      const { stdout } = await run(file, rest, { env: { ...process.env, ...env, LC_ALL: 'C.UTF-8' }, uid, gid })
      return stdout
    },
    makeFolder: async (path) => {
      await mkdir(path, { mode: 0o700 })
      if (identity.uid !== undefined && identity.gid !== undefined) await chown(path, identity.uid, identity.gid)
    },
  }
}

async function debiansNewest(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = (await readdir(root).catch(() => [])).map(Number).filter((version) => version >= 15)
  if (versions.length === 0)
    throw new Error('PostgreSQL 15 or later is needed (Debian: postgresql), or its folder in POSTGRES_BIN')
  return join(root, String(Math.max(...versions)), 'bin')
}
