import { byHand, gatewayAlone } from './edge'
import { emptyRelay } from './empty-relay'
import { forUpdate } from './for-update'
import { forUpdateGrpc } from './for-update-grpc'
import { holdfast, holdfastOnKafka, holdfastReplicas } from './holdfast'
import { medusa } from './medusa'
import { nothing } from './nothing'
import { pgbench } from './pgbench'
import { redisLua } from './redis-lua'
import type { BenchSystem } from './system'

export const systems: BenchSystem[] = [
  holdfast,
  holdfastOnKafka,
  emptyRelay,
  forUpdate,
  forUpdateGrpc,
  redisLua,
  nothing,
  gatewayAlone,
  byHand,
  pgbench,
  ...holdfastReplicas,
  medusa,
]

/** As tables call it. */
export function systemTitle(name: string): string {
  return systems.find((system) => system.name === name)?.title ?? name
}
