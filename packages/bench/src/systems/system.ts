import type { DatabaseName } from '@holdfast/launcher'

/** A system that can be measured. One is started at a time, and stopped before the next. */
export interface BenchSystem {
  name: string
  /** As tables call it. */
  title: string
  /** Why it can't be measured on this machine, if so. */
  missing?: () => string | undefined
  start(): Promise<RunningSystem>
}

export interface RunningSystem {
  readonly url: string
  /** Of a database of its PostgreSQL, if it has one. */
  readonly databaseUrl?: string
  /** Of each service's database, where it has several. */
  readonly databaseOf?: (service: DatabaseName) => string
  /** Makes the SKUs with so many units each, and users; answers the users' tokens. */
  prepare(skus: string[], stock: number): Promise<string[]>
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
  stop(): Promise<void>
}

export interface Survivors {
  /** Reservations in PostgreSQL. */
  records: number
  /** Units that the stock counter says are taken. */
  reserved: number
}
