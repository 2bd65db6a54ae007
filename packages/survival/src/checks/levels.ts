import { operationId } from '@holdfast/service'
import { explain } from '@holdfast/testing'

import { isAmbiguous, reserveKey } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Service } from '../cluster/replica'
import type { Check, Evidence } from './check'
import { describeLevel, type LevelEvent, levelHistory, mostCommitMs, type Witness } from './level-history'
import { levelModel } from './level-model'
import { rowsOf } from './queries'

/** Some ten seconds for each SKU. */
const mostConfigurations = 2_000_000

/** Calls and answers of one SKU, some minutes of them, from which on what stayed unknown may be too much to decide. */
const many = 4_000

/** Of each hot SKU, whether all that was told of it can have happened one after the other. */
export const levels: Check = {
  name: 'levels are linearizable',
  run: async (evidence) => {
    const { witness, ends } = await readBooks(evidence)
    const settled = new Map<string, number>()
    for (const sku of assortment.hot) settled.set(sku, await availableOf(evidence, sku))
    const problems: string[] = []
    /** A long run, of which too much stayed unknown; the other checks hold for it as well. A short one has to be decided. */
    const undecided: string[] = []
    let seen = 0
    for (const sku of assortment.hot) {
      const events = withSettled(levelHistory(evidence.history, sku, witness), settled.get(sku) ?? 0)
      const returned = evidence.history.flatMap(({ call }) => (call.do === 'cancelOrder' ? [call.hold] : []))
      const verdict = explain(levelModel(stockOf(sku), new Set(returned), ends), events, mostConfigurations)
      seen += events.length
      if (verdict.explained === 'undecided') {
        if (events.length >= many) undecided.push(sku)
        else problems.push(`${sku}: too many ways in which it may have happened`)
      }
      if (verdict.explained === false) {
        const before = verdict.before.slice(0, 3).map((state) => JSON.stringify(state))
        problems.push(
          `${sku}: nothing explains the last of these answers\n${describeLevel(events, verdict.event)}\nwhere one of these was so: ${before.join(' ')}`,
        )
      }
    }
    const left = undecided.length === 0 ? '' : `; undecided: ${undecided.join(', ')}`
    return { looked: `${seen} calls and answers of ${assortment.hot.length} SKUs${left}`, problems }
  },
}

function withSettled(events: LevelEvent[], available: number): LevelEvent[] {
  const operation = events.length
  const at = Math.max(Date.now(), events.at(-1)?.at ?? 0)
  return [
    ...events,
    { kind: 'call', operation, client: -1, at, call: { do: 'readSettled' } },
    { kind: 'answer', operation, at, answer: { code: 'OK', available } },
  ]
}

async function availableOf({ admin }: Evidence, sku: string): Promise<number> {
  const { body } = await admin.get<{ availability: { available: number }[] }>(`/v1/availability?skus=${sku}`)
  const [level] = body.availability
  if (level === undefined) throw new Error(`no availability of ${sku}`)
  return level.available
}

interface Books {
  witness: Witness
  /** When a hold was over for good, by its name; ms since 1970. */
  ends: ReadonlyMap<string, number>
}

/**
 * The services' own rows: a hold has its id from its key, a movement names it, an order its reservation. Of other calls they do not
 * say which made it: they may have been done, as long as their hold was there.
 */
async function readBooks({ cluster, shop, history }: Evidence): Promise<Books> {
  const times = async (service: Service, text: string): Promise<Map<string, number>> => {
    const rows = await rowsOf<{ value: string; at: Date }>(cluster, service, text)
    return new Map(rows.map(({ value, at }) => [value, at.getTime()]))
  }
  const made = await times('inventory', `select id as value, created_at as at from holds where owner <> ''`)
  const ended = await times(
    'inventory',
    `select id as value, ended_at as at from holds where owner <> '' and ended_at is not null`,
  )
  const moved = await times('inventory', 'select reference as value, min(at) as at from ledger group by reference')
  const orders = async (where: string) =>
    times('order', `select reservation_id as value, updated_at as at from orders where ${where}`)
  const paid = await orders(`status not in ('PENDING', 'CANCELLED')`)
  const cancelled = await orders(`status = 'CANCELLED'`)
  const idOf = (client: number, key: string) => operationId(shop.users[client]?.id ?? '', 'reserve', key)
  const ends = history.flatMap(({ client, call }): [string, number][] => {
    if (call.do !== 'reserve') return []
    const end = ended.get(idOf(client, reserveKey(call.hold)))
    return end === undefined ? [] : [[call.hold, end + mostCommitMs]]
  })
  const found = (rows: Map<string, number>, id: string) => ({ done: rows.has(id), at: rows.get(id) })
  const witness: Witness = (operation) => {
    const { id, client, call } = operation
    const hold = 'hold' in call ? idOf(client, reserveKey(call.hold)) : ''
    switch (call.do) {
      case 'reserve':
        return found(made, hold)
      case 'adjust':
        return found(moved, id)
      case 'change':
        return { done: true, at: ended.get(hold) }
      case 'extend':
      case 'cancel':
      case 'checkOut':
        // One that was refused changed nothing in the end, unless it was paid.
        return { done: !isAmbiguous(operation) || (call.do === 'checkOut' && paid.has(hold)), at: ended.get(hold) }
      case 'cancelOrder':
        return found(cancelled, hold)
      default:
        return { done: false }
    }
  }
  return { witness, ends: new Map(ends) }
}
