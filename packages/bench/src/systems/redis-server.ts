import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@holdfast/launcher'
import { createClient } from 'redis'

import { hasProgram, programVersion } from './program-version'

/** A Redis with its shipped configuration: a snapshot now and then, no append-only file. */
export interface RedisServer {
  url: string
  /** One command. */
  ask(...command: string[]): Promise<unknown>
  kill(): Promise<void>
  restart(): Promise<void>
  /** Kills it and removes its folder. */
  close(): Promise<void>
}

export function hasRedisServer(): boolean {
  return hasProgram('redis-server')
}

export function redisVersion(): string | undefined {
  return programVersion('redis-server', /v=(\S+)/)
}

export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const run = async (): Promise<void> => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no']
    child = spawn('redis-server', args, { stdio: 'ignore' })
    await once(child, 'spawn')
    await askRedis(url, ['PING'])
  }
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await run()
  return {
    url,
    ask: async (...command) => askRedis(url, command),
    kill,
    restart: run,
    close: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Tries to connect for some seconds: a server that has just been started is not there at once. */
async function askRedis(url: string, command: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: (tries) => (tries > 100 ? new Error('no Redis') : 50) } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}
