import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { freePort } from '@holdfast/launcher'

import { Program } from '../program'

/** Where services find PostgreSQL, whichever server is the primary. */
export interface Router {
  readonly port: number
  stop(): Promise<void>
}

export interface RouterOptions {
  folder: string
  /** Ports of PostgreSQL's servers on 127.0.0.1. */
  servers: readonly number[]
  /** How HAProxy finds out which is the primary. */
  check: readonly string[]
  /** What a server's line has beside its address. */
  serverCheck?: (index: number) => string
}

/**
 * HAProxy, which sends every connection to the primary. That it ends the sessions of a server that it takes for gone
 * (`on-marked-down shutdown-sessions`) is what ends the wait of those who have asked a machine that answers nothing any more.
 */
export async function startRouter({ folder, servers, check, serverCheck = () => '' }: RouterOptions): Promise<Router> {
  const port = await freePort()
  const lines = [
    'global',
    '  external-check',
    '  insecure-fork-wanted',
    'defaults',
    '  mode tcp',
    '  maxconn 1000',
    '  timeout connect 2s',
    // A busy machine is no lost one; one that is gone refuses at once, or is silent.
    '  timeout check 5s',
    '  timeout client 1d',
    '  timeout server 1d',
    'listen postgres',
    `  bind 127.0.0.1:${port}`,
    ...check.map((line) => `  ${line}`),
    '  default-server inter 1s fall 3 rise 1 on-marked-down shutdown-sessions',
    ...servers.map((server, index) => `  server node${index + 1} 127.0.0.1:${server} check ${serverCheck(index)}`),
  ]
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, `${lines.join('\n')}\n`)
  const program = await Program.start({
    name: 'HAProxy',
    command: ['haproxy', '-db', '-f', file],
    logFile: join(folder, 'haproxy.log'),
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
  })
  return { port, stop: async () => program.kill() }
}

/** Asks each server whether it takes writes, as somebody who may do nothing else could. */
export async function checkByQuestion(folder: string, psql: string, password: string): Promise<string[]> {
  const script = join(folder, 'is-primary')
  const lines = [
    '#!/bin/sh',
    '# HAProxy gives: its own address and port, then the address and port of the server.',
    `export PGPASSWORD=${password} PGCONNECT_TIMEOUT=1 PGOPTIONS='-c statement_timeout=1s'`,
    `timeout 2 ${psql} -h "$3" -p "$4" -U holdfast -d postgres -Atc 'select pg_is_in_recovery()' | grep -qx f`,
  ]
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 })
  return ['option external-check', 'external-check path "/usr/bin:/bin"', `external-check command ${script}`]
}
