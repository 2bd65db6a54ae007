import { emptyRelay } from './empty-relay'
import { forUpdate } from './for-update'
import { holdfast } from './holdfast'
import { nothing } from './nothing'
import { redisLua } from './redis-lua'
import type { BenchSystem } from './system'

export const systems: BenchSystem[] = [holdfast, emptyRelay, forUpdate, redisLua, nothing]

/** As tables call it. */
export function systemTitle(name: string): string {
  return systems.find((system) => system.name === name)?.title ?? name
}
