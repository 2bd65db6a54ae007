/**
 * Sends what waits for the endpoints. Each endpoint has one sender at a time, by a lease, in whichever replica: its
 * deliveries go one after the other, and one that fails holds up those behind it and nobody else's. At least once: a sender
 * that dies between an answer and its note leaves the delivery to be sent again, under the same webhook-id.
 */
import { randomUUID } from 'node:crypto'

import { counter, type Database, faultPoint, type Logger, startWorker, systemContext } from '@holdfast/service'

import { serviceName } from '../parts'
import { lockEndpoint } from '../sql/endpoints'
import { giveBack, hasLease, type Head, leaseEndpoints, noteDelivered, noteFailed, putOff, readHead } from '../sql/sending'
import { recordPaused } from './pause'
import type { Answer, Poster } from './post'
import { delayAfter } from './retry'
import { signedHeaders } from './sign'

export interface SenderOptions {
  database: Database
  poster: Poster
  /** Waits between the tries of a delivery, in ms. After the last one fails its endpoint is paused. */
  schedule: readonly number[]
  /** How long a sender may be silent before another takes its endpoints over, in ms: more than a try takes. */
  leaseMs: number
  wakeRelay: () => void
  log: Logger
}

export interface Sender {
  /** Something waits: don't wait for the next look. */
  wake(): void
  /** Finishes the tries under way. */
  stop(): Promise<void>
}

/** Endpoints that one process works on at once. */
const mostAtOnce = 32
/** Deliveries of one endpoint before it stands behind the others again. */
const turn = 100
/** Between two looks that found nothing, in ms. */
const pauseMs = 500

const gone = 410

const tries = counter('webhook_attempts_total', 'Tries to deliver an event to an endpoint', ['result'])
for (const result of ['delivered', 'failed']) tries.inc({ result }, 0)
const paused = counter('webhook_endpoints_paused_total', 'Endpoints that were paused because their receiver is dead')

export function startSender(options: SenderOptions): Sender {
  const { database, leaseMs, log } = options
  const running = new Set<Promise<void>>()
  let stopping = false

  const work = async (endpointId: string, lease: string): Promise<void> => {
    try {
      await takeTurn(options, endpointId, lease, () => stopping)
    } catch (error) {
      // The lease ends by itself, and the head of the queue is where it was.
      log.warn({ err: error, endpoint: endpointId }, 'sending to an endpoint broke off; again later')
    }
  }
  const worker = startWorker({
    name: 'webhooks',
    pauseMs,
    log,
    pass: async () => {
      const room = mostAtOnce - running.size
      if (room <= 0) return false
      const lease = randomUUID()
      for (const id of await leaseEndpoints(database.pool, lease, leaseMs, room)) {
        const one = work(id, lease).finally(() => {
          running.delete(one)
          worker.wake()
        })
        running.add(one)
      }
      return false
    },
  })
  return {
    wake: () => worker.wake(),
    stop: async () => {
      stopping = true
      await worker.stop()
      await Promise.all(running)
    },
  }
}

/** Works through the queue of an endpoint until it is empty, a try fails, or others have waited long enough. */
async function takeTurn(options: SenderOptions, endpointId: string, lease: string, stopping: () => boolean): Promise<void> {
  const { database, poster, leaseMs } = options
  for (let sent = 0; sent < turn && !stopping(); sent++) {
    const head = await readHead(database.pool, endpointId, lease)
    if (head === undefined) break
    const answer = await poster.post(head.url, headersOf(head), head.body)
    tries.inc({ result: answer.problem === undefined ? 'delivered' : 'failed' })
    if (answer.problem !== undefined) return fail(options, endpointId, lease, head, answer, answer.problem)
    await faultPoint('webhook.delivered')
    const held = await noteDelivered(database.pool, endpointId, lease, leaseMs, { id: head.id, status: answer.status })
    if (!held) return
  }
  await giveBack(database.pool, endpointId, lease)
}

function headersOf({ event_id: id, body, secrets }: Head): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Holdfast-Webhooks/1',
    ...signedHeaders(id, body, secrets, new Date()),
  }
}

/** Puts the endpoint off, or pauses it. */
async function fail(
  options: SenderOptions,
  endpointId: string,
  lease: string,
  head: Head,
  answer: Answer,
  problem: string,
): Promise<void> {
  const { database, schedule, log } = options
  const pausedNow = await database.transaction(async (client) => {
    const row = await lockEndpoint(client, endpointId)
    if (row === undefined || !(await hasLease(client, endpointId, lease))) return false
    await noteFailed(client, { id: head.id, status: answer.status, problem })
    const delayMs = answer.status === gone ? undefined : delayAfter(row.failures + 1, schedule, answer.retryAfterMs)
    await putOff(client, endpointId, delayMs ?? 0)
    if (delayMs !== undefined || row.status !== 'ACTIVE') return false
    const reason = answer.status === gone ? 'GONE' : 'FAILING'
    await recordPaused(client, { ...row, failures: row.failures + 1 }, reason, systemContext(serviceName, log))
    return true
  })
  if (!pausedNow) return
  paused.inc()
  log.warn({ endpoint: endpointId, delivery: head.id.toString(), problem }, 'a webhook endpoint was paused')
  options.wakeRelay()
}
