import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { type CopiedServer, copyServer } from './copy-server'

export interface BackupOptions {
  /** Of a system whose embedded PostgreSQL runs. */
  dataFolder: string
  /** Made; must not be there. */
  target: string
  /** Whether all of it is forced to disk before it resolves; yes. */
  sync?: boolean
}

/** What a data folder holds beside the databases: without the keys, tokens and signatures of before are worth nothing. */
const beside = ['keys', 'credentials.json', 'certificates', join('postgres', 'password')]

/**
 * A copy of a running system's data folder, of one moment, while everybody goes on. It is a data folder: started on, or on a copy
 * of it, the system is as it was then. There is all of it at the end, or nothing.
 * @throws Error with a message for whoever asked for it
 */
export async function backUp({ dataFolder, target, sync = true }: BackupOptions): Promise<CopiedServer> {
  if ((await stat(target).catch(() => undefined)) !== undefined) throw new Error(`${target} is there already`)
  const url = await serverUrl(join(dataFolder, 'postgres'))
  const draft = `${target}.part`
  await rm(draft, { recursive: true, force: true })
  try {
    // The server's user has to come by; what is secret in it is each for its owner alone.
    await mkdir(join(draft, 'postgres'), { recursive: true, mode: 0o755 })
    const copied = await copyServer({ url, target: join(draft, 'postgres', 'data'), sync })
    for (const name of beside) {
      const source = join(dataFolder, name)
      if ((await stat(source).catch(() => undefined)) === undefined) continue
      await mkdir(dirname(join(draft, name)), { recursive: true })
      await cp(source, join(draft, name), { recursive: true, preserveTimestamps: true })
    }
    await rename(draft, target)
    return copied
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

/** Of the server that runs on a folder of ours, by what it writes there of itself. */
async function serverUrl(folder: string): Promise<string> {
  try {
    const password = (await readFile(join(folder, 'password'), 'utf8')).trim()
    const port = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[3]?.trim()
    if (port === undefined || !/^\d+$/.test(port)) throw new Error('the server has not begun to listen')
    return `postgres://holdfast:${password}@127.0.0.1:${port}/postgres`
  } catch (error) {
    throw new Error(`no PostgreSQL runs on ${folder}: start the system, or copy its folder as it is`, { cause: error })
  }
}
