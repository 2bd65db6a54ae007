import { closedLoop } from './closed-loop'
import { crash } from './crash'
import { expiry } from './expiry'
import { openLoop } from './open-loop'
import { sale } from './sale'
import type { Scenario, ScenarioGroup, ScenarioOptions } from './scenario'
import { skus } from './skus'

/** What is measured, in this order. A crash comes last: it ends what it is measured on. */
export const scenarioGroups: ScenarioGroup[] = [closedLoop, skus, openLoop, sale, expiry, crash]

export function makeScenarios(options: ScenarioOptions): Scenario[] {
  return scenarioGroups.flatMap(({ scenarios }) => scenarios(options))
}

export const goals = scenarioGroups.flatMap(({ goals = [] }) => goals)
