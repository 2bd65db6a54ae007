import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@holdfast/launcher'

import { waitFor } from './wait-for'

/** A Redis of a test's own, that it may do anything to; it forgets everything when it ends. */
export interface RedisServer {
  readonly url: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** After a kill: on the same port, with nothing in it. */
  start(): Promise<void>
  /** It keeps its connections, and answers nothing. */
  pause(): void
  resume(): void
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/**
 * @param settings over the usual ones, as `['--replicaof', '127.0.0.1 6379']`
 * @throws Error where there is no `redis-server` on the PATH
 */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const usual = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    child = spawn('redis-server', [...usual, ...settings], { stdio: 'ignore' })
    await once(child, 'spawn')
    await waitFor(async () => answers(port), { what: 'redis-server to answer' })
  }
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A master with a replica, and three sentinels that put the one in the place of the other. */
export interface SentinelRedis {
  /** For `REDIS_URL`: its host is the master's name. */
  readonly url: string
  /** For `REDIS_SENTINELS`. */
  readonly sentinels: string
  /** The one that is the master first. */
  readonly master: RedisServer
  stop(): Promise<void>
}

const sentinelCount = 3
/** A master that has not answered for so long is gone, in ms. */
const downAfterMs = 1_000

/** @throws Error where there is no `redis-server` on the PATH */
export async function startSentinelRedis(): Promise<SentinelRedis> {
  const master = await startRedis()
  const { port } = new URL(master.url)
  const replica = await startRedis(['--replicaof', `127.0.0.1 ${port}`])
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-sentinel-'))
  const sentinels: { port: number; child: ChildProcess }[] = []
  for (let index = 1; index <= sentinelCount; index++) sentinels.push(await startSentinel(join(folder, `${index}.conf`), port))
  // One that knows no replica, or too few others, could do nothing.
  const ready = async ({ port }: { port: number }) => {
    const answer = await say(port, 'SENTINEL master shop\r\n')
    return /num-slaves\r\n\$1\r\n1/.test(answer) && /num-other-sentinels\r\n\$1\r\n2/.test(answer)
  }
  for (const sentinel of sentinels)
    await waitFor(async () => ready(sentinel), { what: 'sentinels to be ready', timeoutMs: 60_000 })
  return {
    url: 'redis://shop/0',
    sentinels: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
    master,
    stop: async () => {
      for (const { child } of sentinels) child.kill('SIGKILL')
      await Promise.all([master.stop(), replica.stop()])
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** It writes what it learns into its file. */
async function startSentinel(file: string, masterPort: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort()
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor shop 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds shop ${downAfterMs}`,
    'sentinel failover-timeout shop 10000',
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  await once(child, 'spawn')
  await waitFor(async () => answers(port), { what: 'a sentinel to answer' })
  return { port, child }
}

async function answers(port: number): Promise<boolean> {
  return (await say(port, 'PING\r\n')).startsWith('+PONG')
}

/** The first of what it answers; nothing where nobody does. */
async function say(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(command))
    const end = (answer: string): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => end(''))
    socket.once('error', () => end(''))
    socket.once('data', (data) => end(data.toString()))
  })
}
