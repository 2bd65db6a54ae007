import { waitFor } from '@holdfast/testing'

import { Program } from '../program'
import { ask, urlOf } from './cluster'
import type { Programs } from './programs'

/** How long a server may take to start, or to recover, where others work too, in ms. */
export const serverStartMs = 180_000

/** What every server of a trial has. */
const usual = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  jit: 'off',
}

export interface ServerPlace {
  port: number
  /** Its data; its log is beside it. */
  folder: string
}

/** Starts a server on data that are there. Resolves when it answers. @param settings over the usual ones */
export async function startServer(
  programs: Programs,
  password: string,
  { port, folder }: ServerPlace,
  settings: Record<string, string> = {},
): Promise<Program> {
  const all = Object.entries({ ...usual, ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { uid, gid } = programs.identity.prefix.length > 0 ? {} : programs.identity
  const program = await Program.start({
    name: 'PostgreSQL',
    command: programs.command('postgres', '-D', folder, ...all),
    logFile: `${folder}.log`,
    uid,
    gid,
  })
  await waitFor(async () => ask(urlOf(port, password, 'postgres'), 'select 1'), {
    what: `PostgreSQL on port ${port} (${folder}.log)`,
    timeoutMs: serverStartMs,
  })
  return program
}
