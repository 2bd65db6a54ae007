import { appendFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { api, logIn } from '@holdfast/testing'

import type { Outcome } from './checks/check'
import { checks } from './checks'
import { Cluster } from './cluster/cluster'
import type { FaultKind, Scheduled } from './faults/fault'
import { runSchedule } from './faults/inject'
import { makeSchedule } from './faults/schedule'
import { Random } from './random'
import { untilAtRest } from './rest'
import { openSurroundings } from './surroundings'
import { Asker } from './workload/asker'
import { live } from './workload/client'
import type { Operation } from './workload/history'
import { openShop, type Shop } from './workload/shop'

export interface SurvivalOptions {
  seed: number
  /** How long things go wrong, ms. */
  lengthMs: number
  kinds: readonly FaultKind[]
  clients: number
  /** Where the system has its data, and schedule and history are written to. */
  folder: string
  say: (line: string) => void
}

export interface Survival {
  history: Operation[]
  schedule: Scheduled[]
  /** Of the schedule, what found something to break. */
  struck: Scheduled[]
  outcomes: { name: string; outcome: Outcome }[]
  survived: boolean
}

/** Beside what a start gives them: what is half done is taken up soon, so that a run of minutes sees the end of it. */
const impatient = {
  ORPHAN_MIN_AGE_MS: '10000',
  PAYMENT_LEASE_MS: '3000',
  PAYMENT_LIMIT_MS: '5000',
  PAYMENT_CALLBACK_LOOK_MS: '3000',
  PAYMENT_CALLBACK_LIMIT_MS: '15000',
  WAITLIST_TTL: '4',
  CONSISTENCY_GRACE_MS: '5000',
}

/** After the last fault everybody is told something within this; ms. */
const lastAnswersMs = 180_000

/** One run: a system, its clients, and all that goes wrong meanwhile; then what is true afterwards. */
export async function survive(options: SurvivalOptions): Promise<Survival> {
  const { seed, lengthMs, kinds, clients, folder, say } = options
  const random = new Random(seed, 'survival')
  const schedule = makeSchedule(random.of('schedule'), lengthMs, kinds)
  await mkdir(folder, { recursive: true })
  await keep(folder, 'schedule.jsonl', schedule)
  const surroundings = await openSurroundings(kinds)
  const history: Operation[] = []
  try {
    const cluster = await Cluster.start({
      folder: join(folder, 'system'),
      smallDisk: kinds.includes('disk'),
      env: { ...impatient, ...surroundings.env },
      say: (line) => appendFileSync(join(folder, 'supervisor.log'), `${new Date().toISOString()} ${line}\n`),
    })
    try {
      const shop = await openShop(cluster, clients)
      say(`two processes of each service run; ${schedule.length} faults come in ${lengthMs / 1000} s`)
      const working = startClients(cluster, shop, random, history)
      let struck: Scheduled[]
      try {
        struck = await runSchedule({ cluster, ...surroundings }, schedule, random.of('faults'), (one) => say(JSON.stringify(one)))
        await cluster.waitUntilReady()
        await working.end()
      } finally {
        working.giveUp()
      }
      const admin = api(cluster.links.gatewayUrls[0], { token: (await logIn(cluster.links.gatewayUrls[0], shop.admin)).token })
      await untilAtRest(cluster, admin, surroundings.broker?.brokers)
      const outcomes = []
      for (const check of checks) {
        outcomes.push({ name: check.name, outcome: await check.run({ history, cluster, shop, admin }) })
      }
      return { history, schedule, struck, outcomes, survived: outcomes.every(({ outcome }) => outcome.problems.length === 0) }
    } finally {
      await cluster.stop()
    }
  } finally {
    await keep(folder, 'history.jsonl', history)
    await surroundings.stop()
  }
}

interface Working {
  /** Each tells the story that it is in to its end. */
  end(): Promise<void>
  /** Nobody waits for an answer any more. */
  giveUp(): void
}

function startClients({ links }: Cluster, shop: Shop, random: Random, history: Operation[]): Working {
  const stop = new AbortController()
  const giveUp = new AbortController()
  const lives = shop.users.map(async (user, client) => {
    // Each has a token of its own, which it renews.
    const admin = { ...shop.admin }
    const asker = new Asker({ gatewayUrls: links.gatewayUrls, client, user, admin, history, giveUp: giveUp.signal })
    await live(asker, random.of(`client ${client}`), stop.signal)
  })
  return {
    giveUp: () => {
      stop.abort()
      giveUp.abort()
    },
    end: async () => {
      stop.abort()
      const patience = new AbortController()
      const late = sleep(lastAnswersMs, undefined, { signal: patience.signal }).then(
        () => giveUp.abort(),
        () => undefined,
      )
      await Promise.all(lives)
      patience.abort()
      await late
    },
  }
}

async function keep(folder: string, name: string, rows: readonly unknown[]): Promise<void> {
  await writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
