import { makeFigures } from '../figures'
import { findGoals } from '../goals'
import type { Results, Run } from '../results'
import { audit } from './audit'
import { closedLoop } from './closed-loop'
import { crash } from './crash'
import { edge } from './edge'
import { expiry } from './expiry'
import { grpc } from './grpc'
import { holds } from './holds'
import { memory } from './memory'
import { openLoop } from './open-loop'
import { sale } from './sale'
import { peers } from './peers'
import { pgbench } from './pgbench'
import type { Scenario, ScenarioGroup, ScenarioOptions } from './scenario'
import { skus } from './skus'
import { strategies } from './strategies'

/**
 * What is measured, in this order. Holds come late, because the sweeper has work with those that no reservation follows; a
 * crash comes last: it ends what it is measured on.
 */
export const scenarioGroups: ScenarioGroup[] = [
  closedLoop,
  skus,
  openLoop,
  strategies,
  grpc,
  sale,
  expiry,
  audit,
  memory,
  pgbench,
  peers,
  edge,
  holds,
  crash,
]

export function makeScenarios(options: ScenarioOptions): Scenario[] {
  return scenarioGroups.flatMap(({ scenarios }) => scenarios(options))
}

/** What the runs come to. */
export function summarize(runs: Run[], options: ScenarioOptions): Pick<Results, 'figures' | 'goals'> {
  return {
    figures: makeFigures(runs, makeScenarios(options)),
    goals: findGoals(
      runs,
      scenarioGroups.flatMap(({ goals = [] }) => goals),
    ),
  }
}
