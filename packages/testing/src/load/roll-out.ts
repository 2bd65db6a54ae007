/** Restarts as an orchestrator makes them: one process after the other, each only when the one before is in use again. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import type { Replica } from '@holdfast/launcher'

import { waitFor } from '../wait-for'
import type { Balancer } from './balancer'

export interface RollOutOptions {
  replicas: Replica[]
  /** Which the gateways are behind. */
  balancer: Balancer
  /** Goes over the environment that each had. */
  env?: Record<string, string>
  /** Another program in the place of the one that each was: its main file. */
  main?: string
  /** Whether gateways are taken out of the balancer before they are told to stop, as is due to those that do not say so themselves. */
  byHand?: boolean
}

/** A start on a busy machine takes its time. In ms. */
const patienceMs = 60_000

/**
 * SIGTERM, a start, and the next one when its callers have found the one before again.
 * @returns how each ended: 0, where it finished what was under way in time
 */
export async function rollOut({
  replicas,
  balancer,
  env,
  main,
  byHand = false,
}: RollOutOptions): Promise<(number | undefined)[]> {
  const exits: (number | undefined)[] = []
  for (const replica of replicas) {
    const { url } = replica
    const callers = await connectionsTo(replica.grpc)
    if (byHand && url !== undefined) balancer.takeOut(url)
    exits.push(await replica.process.kill('SIGTERM'))
    await replica.process.start(env, main)
    if (url !== undefined) balancer.putBack(url)
    const isFound = async (): Promise<boolean> =>
      url === undefined ? (await connectionsTo(replica.grpc)) >= callers : balancer.ready().includes(url)
    await waitFor(isFound, { what: `${replica.service} at ${url ?? replica.grpc} to be found again`, timeoutMs: patienceMs })
  }
  return exits
}

/** How many connections a listener on this machine has. @param address `127.0.0.1:port` */
async function connectionsTo(address: string): Promise<number> {
  const port = Number(address.split(':').at(-1))
  if (process.platform === 'linux') {
    // Each line: number, local address, remote address, state (01 is ESTABLISHED); in hex.
    const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
    const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
    return lines.filter(([, own, , state]) => own?.endsWith(local) === true && state === '01').length
  }
  const { stdout } = await promisify(execFile)('netstat', ['-an'])
  return stdout.match(new RegExp(`127\\.0\\.0\\.1[.:]${port}\\s+\\S+\\s+ESTABLISHED`, 'g'))?.length ?? 0
}
