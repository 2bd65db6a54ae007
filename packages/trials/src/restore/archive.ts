/** A PostgreSQL whose write-ahead log is archived, and what comes of it: the server as it was at a moment. */
import { randomBytes } from 'node:crypto'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { freePort } from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import { ask, superuser, urlOf } from '../postgres/cluster'
import type { Programs } from '../postgres/programs'
import { serverStartMs, startServer } from '../postgres/server'
import type { Program } from '../program'

export class ArchivedServer {
  private constructor(
    private readonly programs: Programs,
    private readonly folder: string,
    readonly port: number,
    readonly password: string,
    private readonly program: Program,
  ) {}

  /** An empty one. @param folder has its data, backup and archive */
  static async start(folder: string, programs: Programs): Promise<ArchivedServer> {
    const password = randomBytes(16).toString('hex')
    const data = join(folder, 'data')
    for (const path of [data, join(folder, 'archive'), join(folder, 'backup')]) await programs.makeFolder(path)
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, password, { mode: 0o644 })
    const login = [`--username=${superuser}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    await programs.run('initdb', [`--pgdata=${data}`, ...login, '--encoding=UTF8', '--locale=C.UTF-8'])
    // Never over one that is there, as PostgreSQL's manual has it.
    const archive = `test ! -f ${folder}/archive/%f && cp %p ${folder}/archive/%f`
    await appendFile(join(data, 'postgresql.conf'), `archive_mode = on\narchive_command = '${archive}'\n`)
    return ArchivedServer.run(folder, programs, password, data)
  }

  url(database: string): string {
    return urlOf(this.port, this.password, database)
  }

  /** Where a dump of a database goes. */
  file(database: string): string {
    return join(this.folder, 'archive', `${database}.dump`)
  }

  async backUp(): Promise<void> {
    const from = `host=127.0.0.1 port=${this.port} user=${superuser} password=${this.password}`
    await this.programs.run('pg_basebackup', [`--pgdata=${join(this.folder, 'backup')}`, `--dbname=${from}`, '--checkpoint=fast'])
  }

  /** A moment that it can go back to: all that was committed before. With an offset: a recovery takes no abbreviation of a zone, and not even Z. */
  async now(): Promise<string> {
    const [row] = await ask<{ now: string }>(
      this.url('postgres'),
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00') as now`,
    )
    return row?.now ?? ''
  }

  /** What is written so far goes to the archive; without it the last 16 MB would wait for more. */
  async archiveAll(): Promise<void> {
    const url = this.url('postgres')
    const [row] = await ask<{ file: string }>(url, 'select pg_walfile_name(pg_switch_wal()) as file')
    const file = row?.file ?? ''
    const isArchived = async () =>
      (await ask(url, `select from pg_stat_archiver where last_archived_wal >= '${file}'`)).length > 0
    await waitFor(isArchived, { what: `${file} to be archived`, timeoutMs: serverStartMs })
  }

  /** Another server from the backup and the archive, which takes writes. @param moment as of `now` */
  async goBackTo(moment: string): Promise<ArchivedServer> {
    const data = join(this.folder, 'backup')
    const lines = [
      `restore_command = 'cp ${this.folder}/archive/%f %p'`,
      `recovery_target_time = '${moment}'`,
      `recovery_target_action = 'promote'`,
    ]
    await appendFile(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`)
    await writeFile(join(data, 'recovery.signal'), '')
    const server = await ArchivedServer.run(this.folder, this.programs, this.password, data)
    const url = server.url('postgres')
    const isPrimary = async () => (await ask(url, 'select where not pg_is_in_recovery()')).length > 0
    await waitFor(isPrimary, { what: 'the server to have gone back', timeoutMs: serverStartMs })
    return server
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGINT')
  }

  private static async run(folder: string, programs: Programs, password: string, data: string): Promise<ArchivedServer> {
    const port = await freePort()
    const program = await startServer(programs, password, { port, folder: data })
    return new ArchivedServer(programs, folder, port, password, program)
  }
}
