import type { BenchSettings } from '../options'
import type { PhaseResult } from '../load/task'
import type { Table } from '../report/table'
import type { Results, Run } from '../results'
import type { Goal } from '../goals'
import type { RunningSystem } from '../systems/system'

/** What belongs together: one file of this folder, named in `index.ts`. */
export interface ScenarioGroup {
  scenarios: (options: ScenarioOptions) => Scenario[]
  /** What is to be reached. */
  goals?: Goal[]
  /** Tables of its own, by heading, when there are runs for them. */
  tables?: (results: Results) => [string, Table][]
  /** SVG documents by file name, when there are figures for them. */
  charts?: (results: Results) => [string, string][]
}

export type ScenarioOptions = Pick<BenchSettings, 'seconds' | 'saleRequests' | 'soakMinutes'>

/** One thing that is measured. */
export interface Scenario {
  name: string
  title: string
  /** The names of those it is measured on. */
  systems: string[]
  /** Only in the first round: it takes long. */
  once?: boolean
  /** Its runs stand in a table of its group, not in that of all figures. */
  apart?: boolean
  measure(context: MeasureContext): Promise<Measured>
}

export interface MeasureContext {
  running: RunningSystem
  signal: AbortSignal
}

/** What was found; `problems` is whatever does not add up. */
export type Measured = PhaseResult & Pick<Run, 'settleSeconds' | 'memory' | 'values'> & { problems: string[] }

/** More units than any run can take. */
export const plenty = 1_000_000_000
