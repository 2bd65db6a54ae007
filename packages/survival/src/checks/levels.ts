import { operationId } from '@holdfast/service'
import { explain } from '@holdfast/testing'

import { type Operation, reserveKey } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Service } from '../cluster/replica'
import type { Check, Evidence } from './check'
import { describeLevel, type LevelEvent, levelHistory } from './level-history'
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
    const wasDone = await whatWasDone(evidence)
    const settled = new Map<string, number>()
    for (const sku of assortment.hot) settled.set(sku, await availableOf(evidence, sku))
    const problems: string[] = []
    /** A long run, of which too much stayed unknown; the other checks hold for it as well. A short one has to be decided. */
    const undecided: string[] = []
    let seen = 0
    for (const sku of assortment.hot) {
      const events = withSettled(levelHistory(evidence.history, sku, wasDone), settled.get(sku) ?? 0)
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
 * The services' own rows: a hold has its id from its key, a movement names it, an order its reservation. Of a change they do not
 * say which made it: it may have been done.
 */
async function whatWasDone({ cluster, shop }: Evidence): Promise<(operation: Operation) => boolean> {
  const column = async (service: Service, text: string): Promise<Set<string>> =>
    new Set((await rowsOf<{ value: string }>(cluster, service, text)).map(({ value }) => value))
  const holds = await column('inventory', `select id as value from holds where owner <> ''`)
  const movements = await column('inventory', 'select reference as value from ledger')
  const paid = await column('order', `select reservation_id as value from orders where status not in ('PENDING', 'CANCELLED')`)
  const idOf = (client: number, key: string) => operationId(shop.users[client]?.id ?? '', 'reserve', key)
  return ({ id, client, call }) => {
    switch (call.do) {
      case 'reserve':
        return holds.has(idOf(client, id))
      case 'adjust':
        return movements.has(id)
      case 'checkOut':
        return paid.has(idOf(client, reserveKey(call.hold)))
      default:
        return call.do === 'change'
    }
  }
}
