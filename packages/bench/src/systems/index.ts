import { emptyRelay } from './empty-relay'
import { forUpdate } from './for-update'
import { holdfast } from './holdfast'
import { nothing } from './nothing'
import { redisLua } from './redis-lua'
import type { BenchSystem, SystemName } from './system'

export const systems: BenchSystem[] = [holdfast, emptyRelay, forUpdate, redisLua, nothing]

export const systemTitles: Record<SystemName, string> = {
  holdfast: 'Holdfast, everything on',
  'empty-relay': 'the empty relay',
  'for-update': 'SELECT ... FOR UPDATE',
  'redis-lua': 'Redis Lua, not durable',
  nothing: 'a server that does nothing',
}
