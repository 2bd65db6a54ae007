import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePort } from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import type { Program } from '../program'
import { ask, type Cluster, hasSynchronousStandby, superuser, urlOf } from './cluster'
import type { Programs } from './programs'
import { checkByQuestion } from './router'
import { type ServerPlace, serverStartMs, startServer } from './server'

/** How often the primary is asked, and how long its answer may take, in ms. */
const lookMs = 500
const answerMs = 5_000
/** So many that were not answered, one after the other, and it is taken for lost. */
const mostFailures = 3

/** What both servers have; how many commits wait is only the primary's business. */
const settings = { wal_keep_size: '512MB', fsync: 'on', synchronous_commit: 'on' }
const standbyName = 'standby'

interface Server extends ServerPlace {
  program: Program
}

/** A primary and a standby that every commit waits for, and a watch that puts the one in the place of the other. */
export class Pair implements Cluster {
  readonly check: readonly string[]
  readonly failover: Promise<{ noticedAt: number; promotedAt: number }>
  private readonly over = new AbortController()

  private constructor(
    private readonly folder: string,
    private readonly programs: Programs,
    readonly password: string,
    private primary: Server,
    private standby: Server,
    check: string[],
  ) {
    this.check = check
    this.failover = this.watch()
    this.failover.catch(() => undefined)
  }

  static async start(folder: string, programs: Programs): Promise<Pair> {
    const password = randomBytes(16).toString('hex')
    const primary = await startFirst(folder, programs, password)
    const standby = await startStandby(folder, programs, password, primary.port)
    const check = await checkByQuestion(folder, join(programs.folder, 'psql'), password)
    const pair = new Pair(folder, programs, password, primary, standby, check)
    await waitFor(async () => hasSynchronousStandby(pair.url(primary)), {
      what: 'the standby to follow',
      timeoutMs: serverStartMs,
    })
    return pair
  }

  get servers(): readonly number[] {
    return [this.primary.port, this.standby.port]
  }

  losePrimary(how: 'kill' | 'hang'): void {
    this.primary.program.signal(how === 'kill' ? 'SIGKILL' : 'SIGSTOP')
  }

  /** As a new copy: nobody knows what the lost one had that was never acknowledged. */
  async rejoin(): Promise<void> {
    await this.primary.program.kill()
    const { port, folder } = this.primary
    await rm(folder, { recursive: true })
    const primary = this.standby
    const standby = await startStandby(this.folder, this.programs, this.password, primary.port, { port, folder })
    this.primary = primary
    this.standby = standby
    await waitFor(async () => hasStandby(this.url(primary)), { what: 'the new standby to follow', timeoutMs: serverStartMs })
    await ask(this.url(primary), `alter system set synchronous_standby_names = '${standbyName}'`)
    await ask(this.url(primary), 'select pg_reload_conf()')
    await waitFor(async () => hasSynchronousStandby(this.url(primary)), {
      what: 'commits to wait for it',
      timeoutMs: serverStartMs,
    })
  }

  async stop(): Promise<void> {
    this.over.abort()
    await Promise.all([this.primary, this.standby].map(async ({ program }) => program.kill()))
  }

  private url({ port }: Server): string {
    return urlOf(port, this.password, 'postgres')
  }

  private async watch(): Promise<{ noticedAt: number; promotedAt: number }> {
    for (let failures = 0; failures < mostFailures;) {
      await sleep(lookMs, undefined, { signal: this.over.signal })
      failures = await ask(this.url(this.primary), 'select 1', answerMs).then(
        () => 0,
        () => failures + 1,
      )
    }
    const noticedAt = performance.now()
    // Never two primaries: one that only hung must not wake up and go on.
    await this.primary.program.kill()
    await ask(this.url(this.standby), 'select pg_promote()', serverStartMs)
    return { noticedAt, promotedAt: performance.now() }
  }
}

async function startFirst(folder: string, programs: Programs, password: string): Promise<Server> {
  const data = join(folder, 'node1')
  await programs.makeFolder(data)
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o644 })
  await programs.run('initdb', [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
  ])
  return startOne(programs, password, { port: await freePort(), folder: data }, { synchronous_standby_names: standbyName })
}

async function startStandby(
  folder: string,
  programs: Programs,
  password: string,
  primaryPort: number,
  place?: { port: number; folder: string },
): Promise<Server> {
  const { port, folder: data } = place ?? { port: await freePort(), folder: join(folder, 'node2') }
  await programs.makeFolder(data)
  const from = `host=127.0.0.1 port=${primaryPort} user=${superuser} password=${password} application_name=${standbyName}`
  await programs.run('pg_basebackup', [`--pgdata=${data}`, `--dbname=${from}`, '--write-recovery-conf', '--checkpoint=fast'])
  return startOne(programs, password, { port, folder: data })
}

async function startOne(
  programs: Programs,
  password: string,
  place: ServerPlace,
  more: Record<string, string> = {},
): Promise<Server> {
  return { ...place, program: await startServer(programs, password, place, { ...settings, ...more }) }
}

async function hasStandby(url: string): Promise<boolean> {
  return (await ask(url, `select from pg_stat_replication where state = 'streaming'`)).length > 0
}
