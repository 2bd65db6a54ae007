import type { PhaseResult } from './load/task'
import type { SystemName } from './systems/system'

/** One measurement. */
export interface Run extends PhaseResult {
  system: SystemName
  scenario: string
  round: number
  /** Until all that belongs to what was answered was done (events, audit, rows written behind), after the last answer. */
  settleSeconds: number
  /** Resident bytes of each process, right after the load. */
  memory?: Record<string, number>
}

/** The medians of one system's runs of one scenario. */
export interface Figure {
  system: SystemName
  scenario: string
  title: string
  runs: number
  perSecond: number
  /** Of the runs' rates, lowest and highest. */
  perSecondRange: [number, number]
  p50: number
  p95: number
  p99: number
  accepted: number
  refused: number
  failed: number
  settleSeconds: number
  /** Only in a sale: while there was stock, and after the last unit was sold. */
  reservesPerSecond?: number
  refusalsPerSecond?: number
}

/** One figure over another, both of the same round; the median over the rounds. */
export interface Ratio {
  name: string
  title: string
  value: number
  goal: string
  met: boolean
}

/** What was known after everything was killed under load. */
export interface CrashFound {
  system: SystemName
  round: number
  /** Answered 201 before. */
  acknowledged: number
  records: number
  reserved: number
  /** Acknowledged reservations of which there is no record. */
  lostRecords: number
  /** Acknowledged units that can be sold again. */
  freeAgain: number
}

export interface Results {
  date: string
  machine: { cpu: string; cores: number; memoryGiB: number; platform: string; loadBefore: number; loadAfter: number }
  versions: Record<string, string>
  options: { rounds: number; seconds: number; saleRequests: number; only?: string }
  leftOut: { system: SystemName; why: string }[]
  figures: Figure[]
  ratios: Ratio[]
  crashes: CrashFound[]
  /** Whatever does not add up; such a run is no result. */
  problems: string[]
  runs: Run[]
}
