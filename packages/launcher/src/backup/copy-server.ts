/**
 * A copy of a PostgreSQL that goes on working, made as its manual has it ("Making a Base Backup Using the Low-Level API"): one moment
 * of every database in it. `pg_basebackup` does the same, but does not come with the PostgreSQL that Holdfast brings along.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chown, copyFile, lstat, mkdir, open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Client } from 'pg'

export interface CopyServerOptions {
  /** Of any database of the server, as a superuser; it runs on this machine. */
  url: string
  /** Made; must not be there. */
  target: string
  /** Whether all of it is forced to disk before it resolves. */
  sync: boolean
}

export interface CopiedServer {
  /** What the copy holds is the state at this moment. */
  asOf: Date
  bytes: number
}

/** The server makes them anew, or must not find them. Of folders, what is in them. */
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'pg_internal.init', 'pgsql_tmp', 'backup_label', 'tablespace_map'])
const leftEmpty = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
])

/** Files that are copied at once. */
const parallel = 8

export async function copyServer(options: CopyServerOptions): Promise<CopiedServer> {
  const client = new Client({ connectionString: options.url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    const source = rows[0]?.data_directory ?? ''
    const owner = await stat(join(source, 'PG_VERSION')).catch((error: unknown) => {
      throw new Error(`${source} is not to be read here: where PostgreSQL runs elsewhere, use pg_basebackup`, { cause: error })
    })
    const copier = new Copier(options.sync, owner)
    // What the server writes meanwhile belongs to the copy: until this session ends it throws none of that away.
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [`backup_${randomBytes(6).toString('hex')}`])
    const begin = await walAt(client, "pg_backup_start('holdfast', true)")
    await copier.folder(source, options.target, '')
    const asOf = new Date()
    const stop = await client.query<{ lsn: string; labelfile: string; spcmapfile: string }>('select * from pg_backup_stop(false)')
    const { lsn = '', labelfile = '', spcmapfile = '' } = stop.rows[0] ?? {}
    if (spcmapfile.trim() !== '') throw new Error('it has tablespaces outside its folder: use pg_basebackup')
    const end = await walAt(client, `'${lsn}'::pg_lsn`)
    const segments = (await readdir(join(source, 'pg_wal'))).filter(
      (name) => /^[0-9A-F]{24}$/.test(name) && name >= begin && name <= end,
    )
    for (const name of segments) await copier.file(join(source, 'pg_wal', name), join(options.target, 'pg_wal', name))
    // With it the server knows, when it starts, where to begin and how far it has to come.
    await copier.text(join(options.target, 'backup_label'), labelfile)
    return { asOf, bytes: copier.bytes }
  } finally {
    // Where the copy failed this is what gives the backup up.
    await client.end()
  }
}

/** @returns the name of the file of the write-ahead log that a position is in */
async function walAt(client: Client, position: string): Promise<string> {
  const { rows } = await client.query<{ file: string }>(`select pg_walfile_name(${position}) as file`)
  return rows[0]?.file ?? ''
}

/** Copies files that may be written to, grow or go meanwhile: the log that comes with them makes that good. */
class Copier {
  bytes = 0

  constructor(
    private readonly sync: boolean,
    private readonly owner: { uid: number; gid: number },
  ) {}

  async folder(source: string, target: string, path: string): Promise<void> {
    await mkdir(join(target, path), { mode: 0o700 })
    await this.give(join(target, path))
    if (leftEmpty.has(path)) return
    const entries = (await there(readdir(join(source, path), { withFileTypes: true }))) ?? []
    const files = entries.filter((entry) => entry.isFile() && !leftOut.has(entry.name))
    const next = files.values()
    const work = async (): Promise<void> => {
      for (const { name } of next) await this.file(join(source, path, name), join(target, path, name))
    }
    await Promise.all(Array.from({ length: parallel }, work))
    for (const entry of entries) {
      if (entry.isDirectory() && !leftOut.has(entry.name)) await this.folder(source, target, join(path, entry.name))
    }
  }

  async file(source: string, target: string): Promise<void> {
    const copied = await there(copyFile(source, target, constants.COPYFILE_FICLONE).then(() => true))
    if (copied !== undefined) await this.keep(target)
  }

  async text(target: string, content: string): Promise<void> {
    await writeFile(target, content, { mode: 0o600 })
    await this.keep(target)
  }

  private async keep(target: string): Promise<void> {
    await this.give(target)
    this.bytes += (await lstat(target)).size
    if (!this.sync) return
    const handle = await open(target, 'r+')
    await handle.sync()
    await handle.close()
  }

  /** Root copies for the user that the server runs as. */
  private async give(target: string): Promise<void> {
    if (process.getuid?.() === 0) await chown(target, this.owner.uid, this.owner.gid)
  }
}

/** @returns undefined for what has gone meanwhile */
async function there<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
