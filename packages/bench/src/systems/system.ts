import type { DatabaseName } from '@holdfast/launcher'

import type { Target, Way } from '../load/task'
import type { ProcessorTimes } from './processor-time'

/** A system that can be measured. One is started at a time, and stopped before the next. */
export interface BenchSystem {
  name: string
  /** As tables call it. */
  title: string
  /** Why it can't be measured on this machine, if so. */
  missing?: () => string | undefined
  /** Removes what it kept from one start to the next. */
  cleanUp?: () => Promise<void>
  /** Started only when `--peer` names it. */
  peer?: boolean
  /** @param signal gives up what takes long */
  start: (signal: AbortSignal) => Promise<RunningSystem>
}

export interface RunningSystem {
  /** How it can be asked; of several ways the first is its usual one. */
  readonly targets: { [Kind in Way]?: Extract<Target, { kind: Kind }> }
  /** Of a database of its PostgreSQL, if it has one. */
  readonly databaseUrl?: string
  /** Of each service's database, where it has several. */
  readonly databaseOf?: (service: DatabaseName) => string
  /** Makes the SKUs with so many units each, and users; answers what requests need of them. */
  prepare(skus: string[], stock: number): Promise<Prepared>
  /** The units of these SKUs that are reserved by its own books; not there where nothing is kept. */
  reserved?: (skus: string[]) => Promise<number>
  /** Waits until all that belongs to what was answered is done: events relayed and audited, rows written behind. */
  settle?: () => Promise<void>
  /** Ends it as a power cut would, under load. */
  crash?: () => Promise<void>
  /** Starts again what `crash` ended, and says what is still known of a SKU. */
  afterCrash?: (sku: string) => Promise<Survivors>
  /** Resident memory of its processes in bytes, by name, where the platform tells. */
  memory?: () => Record<string, number>
  /** What its processes have used of the processors so far; of none where the platform does not tell. */
  processorTimes?: () => Promise<ProcessorTimes>
  /** Of its programs, by name. */
  readonly versions?: Record<string, string>
  stop(): Promise<void>
}

export interface Prepared {
  /** Tokens; none where nobody is asked for one. */
  users: string[]
  /** The token of an administrator, who may choose a strategy. */
  admin?: string
  /** What requests call the SKUs, where that is something else. */
  names?: string[]
}

export const noTokens: Prepared = { users: [] }

export interface Survivors {
  /** Reservations in PostgreSQL. */
  records: number
  /** Units that the stock counter says are taken. */
  reserved: number
}
