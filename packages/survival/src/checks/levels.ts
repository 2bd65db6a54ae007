import { operationId } from '@holdfast/service'
import { explain } from '@holdfast/testing'

import { isAmbiguous, reserveKey } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Service } from '../cluster/replica'
import type { Check, Evidence } from './check'
import { describeLevel, type LevelEvent, levelHistory, type Witness } from './level-history'
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
    const witness = await whatWasDone(evidence)
    const settled = new Map<string, number>()
    for (const sku of assortment.hot) settled.set(sku, await availableOf(evidence, sku))
    const problems: string[] = []
    /** A long run, of which too much stayed unknown; the other checks hold for it as well. A short one has to be decided. */
    const undecided: string[] = []
    let seen = 0
    for (const sku of assortment.hot) {
      const events = withSettled(levelHistory(evidence.history, sku, witness), settled.get(sku) ?? 0)
      const returned = evidence.history.flatMap(({ call }) => (call.do === 'cancelOrder' ? [call.hold] : []))
      const verdict = explain(levelModel(stockOf(sku), new Set(returned)), events, mostConfigurations)
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
  const at = Date.now()
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

/**
 * The services' own rows: a hold has its id from its key, a movement names it, an order its reservation. Of other calls they do not
 * say which made it: they may have been done.
 */
async function whatWasDone({ cluster, shop }: Evidence): Promise<Witness> {
  const column = async (service: Service, text: string): Promise<Map<string, Date | null>> =>
    new Map((await rowsOf<{ value: string; at: Date | null }>(cluster, service, text)).map(({ value, at }) => [value, at]))
  const holds = await column('inventory', `select id as value, created_at as at from holds where owner <> ''`)
  const movements = await column('inventory', 'select reference as value, min(at) as at from ledger group by reference')
  // Whether it was paid; a payment that was not may have put off the end of its hold.
  const paid = await column(
    'order',
    `select reservation_id as value, null as at from orders where status not in ('PENDING', 'CANCELLED')`,
  )
  const found = (rows: Map<string, Date | null>, key: string) => ({ done: rows.has(key), at: rows.get(key)?.getTime() })
  const idOf = (client: number, key: string) => operationId(shop.users[client]?.id ?? '', 'reserve', key)
  return (operation) => {
    const { id, client, call } = operation
    switch (call.do) {
      case 'reserve':
        return found(holds, idOf(client, id))
      case 'adjust':
        return found(movements, id)
      case 'checkOut':
        return { done: !isAmbiguous(operation) || paid.has(idOf(client, reserveKey(call.hold))) }
      default:
        return { done: !isAmbiguous(operation) || call.do === 'change' }
    }
  }
}
