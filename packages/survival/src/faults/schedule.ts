import { type ReplicaName, replicaNames, replicasOf, type Service, serviceOf } from '../cluster/replica'
import type { Random } from '../random'
import type { BadWeather, Fault, FaultKind, Scheduled } from './fault'

/** Each fault begins so long after the one before, ms: often while that one still lasts. */
const pauseMs = [300, 5_000] as const
/** Now and then there is a calm, ms: what was broken is mended, and much is sold that the next fault may hit. */
const calmMs = [6_000, 12_000] as const
const calmChance = 0.12
/** What comes back by itself is given time to. */
const lastsMs: Record<FaultKind, readonly [number, number]> = {
  kill: [0, 0],
  pause: [300, 8_000],
  network: [500, 8_000],
  clock: [1_000, 10_000],
  database: [0, 0],
  disk: [1_000, 6_000],
  broker: [3_000, 12_000],
  redis: [1_000, 8_000],
}
/** The same kind rests for so long after its end: a system that is never given time to serve shows nothing. ms. */
const restMs: Record<FaultKind, number> = {
  kill: 3_000,
  pause: 500,
  network: 500,
  clock: 1_000,
  database: 12_000,
  disk: 15_000,
  broker: 10_000,
  redis: 2_000,
}

/** The same for the same random row, length and kinds. @param lengthMs all faults end within it */
export function makeSchedule(random: Random, lengthMs: number, kinds: readonly FaultKind[]): Scheduled[] {
  const schedule: Scheduled[] = []
  const restsUntil = new Map<FaultKind, number>()
  for (let atMs = random.whole(...pauseMs); atMs < lengthMs; atMs += random.whole(...nextPause(random))) {
    const rested = kinds.filter((kind) => (restsUntil.get(kind) ?? 0) <= atMs)
    if (rested.length === 0) continue
    const kind = random.pick(rested)
    const forMs = Math.min(random.whole(...lastsMs[kind]), lengthMs - atMs)
    schedule.push({ atMs, forMs, fault: makeFault(kind, random) })
    restsUntil.set(kind, atMs + forMs + restMs[kind])
  }
  return schedule
}

function nextPause(random: Random): readonly [number, number] {
  return random.chance(calmChance) ? calmMs : pauseMs
}

function makeFault(kind: FaultKind, random: Random): Fault {
  switch (kind) {
    case 'kill':
      return { kind, replicas: killed(random) }
    case 'pause':
      return { kind, replica: random.pick(replicaNames) }
    case 'network':
      return { kind, links: random.pick([toPostgres, betweenServices, around, toGateway])(random), weather: weather(random) }
    case 'clock':
      return { kind, replica: random.pick(replicaNames), offsetMs: random.pick([-1, 1]) * random.whole(200, 120_000) }
    case 'database':
    case 'redis':
      return kind === 'database'
        ? { kind, how: random.pick(['immediate', 'kill'] as const) }
        : { kind, how: random.pick(['kill', 'pause'] as const) }
    case 'disk':
    case 'broker':
      return { kind }
  }
}

/** Mostly one; at times the service is gone. */
function killed(random: Random): ReplicaName[] {
  const replica = random.pick(replicaNames)
  return random.chance(0.2) ? replicasOf(serviceOf(replica)) : [replica]
}

/** Who asks whom while shoppers shop. */
const asks: [Service, Service][] = [
  ['gateway', 'inventory'],
  ['gateway', 'reservation'],
  ['gateway', 'order'],
  ['reservation', 'inventory'],
  ['order', 'reservation'],
  ['order', 'inventory'],
]

function toPostgres(random: Random): string[] {
  return [`${random.pick(replicaNames)} to postgres`]
}

/** One of the one cannot reach one of the other, or neither of them. */
function betweenServices(random: Random): string[] {
  const [from, to] = random.pick(asks)
  const source = random.pick(replicasOf(from))
  const targets = random.chance(0.5) ? replicasOf(to) : [random.pick(replicasOf(to))]
  return targets.map((target) => `${source} to ${target}`)
}

/** Everything that one replica says and hears, but for the database. */
function around(random: Random): string[] {
  const alone = random.pick(replicaNames)
  const others = replicaNames.filter((other) => other !== alone)
  return others.flatMap((other) => [`${alone} to ${other}`, `${other} to ${alone}`])
}

function toGateway(random: Random): string[] {
  return [`clients to ${random.pick(replicasOf('gateway'))}`]
}

function weather(random: Random): BadWeather {
  switch (random.pick(['slow', 'lossy', 'cut'] as const)) {
    case 'slow':
      return { is: 'slow', delayMs: random.whole(20, 1_500) }
    case 'lossy':
      return { is: 'lossy', resets: random.whole(1, 20) / 100 }
    case 'cut':
      return { is: 'cut', way: random.pick(['there', 'back', 'both'] as const) }
  }
}
