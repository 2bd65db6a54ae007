import type { PhaseResult } from './load/task'
import type { MemorySeries } from './memory'
import type { BenchSettings } from './options'

/** One measurement. */
export interface Run extends PhaseResult {
  system: string
  scenario: string
  round: number
  /** Until all that belongs to what was answered was done (events, audit, rows written behind), after the last answer. */
  settleSeconds: number
  /** Of each process, during the load. */
  memory?: MemorySeries
  /** More that the scenario found, by name. */
  values?: Record<string, number>
}

/** The medians of one system's runs of one scenario. */
export interface Figure {
  system: string
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
  /** The medians of what else the scenario found. */
  values?: Record<string, number>
  /** It stands in another table than that of all figures. */
  apart?: boolean
}

/** What became of a goal. */
export interface GoalFound {
  name: string
  title: string
  /** The median over the rounds. */
  value: number
  rounds: number[]
  goal: string
  met: boolean
}

export interface Results {
  date: string
  /** How long all of it took. */
  minutes: number
  machine: { cpu: string; cores: number; memoryGiB: number; platform: string; loadBefore: number; loadAfter: number }
  versions: Record<string, string>
  options: BenchSettings
  leftOut: { system: string; why: string }[]
  figures: Figure[]
  goals: GoalFound[]
  /** Whatever does not add up; such a run is no result. */
  problems: string[]
  runs: Run[]
}
