/** What can go wrong on purpose. All of it is plain data, so that a schedule can be read, kept and repeated. */
import type { ReplicaName } from '../cluster/replica'

export const faultKinds = ['kill', 'pause', 'network', 'clock', 'database', 'disk', 'broker', 'redis'] as const

export type FaultKind = (typeof faultKinds)[number]

/** In links by name; `resets` is the chance of each piece of data that its connection is reset instead. */
export type BadWeather =
  | { is: 'slow'; delayMs: number }
  | { is: 'lossy'; resets: number }
  | { is: 'cut'; way: 'there' | 'back' | 'both' }

export type Fault =
  /** kill -9; whoever supervises them starts them again. */
  | { kind: 'kill'; replicas: ReplicaName[] }
  /** SIGSTOP, then SIGCONT. */
  | { kind: 'pause'; replica: ReplicaName }
  | { kind: 'network'; links: string[]; weather: BadWeather }
  /** Its calendar is wrong by so many ms, then right again. */
  | { kind: 'clock'; replica: ReplicaName; offsetMs: number }
  /** PostgreSQL ends at once, by its own `immediate` stop or by kill -9, and is started again. */
  | { kind: 'database'; how: 'immediate' | 'kill' }
  /** Nothing more fits on PostgreSQL's disk. */
  | { kind: 'disk' }
  /** Kafka is killed, and comes back. */
  | { kind: 'broker' }
  | { kind: 'redis'; how: 'kill' | 'pause' }

/** A fault, when it begins (ms from the start of the schedule), and for how long, ms; 0 for what mends itself. */
export interface Scheduled {
  atMs: number
  forMs: number
  fault: Fault
}
