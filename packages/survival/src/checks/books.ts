import type { ConsistencyReply } from '@holdfast/testing'

import { isAmbiguous } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Check, Evidence } from './check'
import { rowsOf } from './queries'

/** The services' own check of their books finds nothing, and so does a sum of what clients know beside it. */
export const books: Check = {
  name: 'the books balance',
  run: async (evidence) => {
    const { body } = await evidence.admin.get<ConsistencyReply>('/v1/consistency')
    const problems = body.differences.map(({ kind, id, expected, found }) => `${kind} of ${id}: ${found} instead of ${expected}`)
    if (!body.consistent && problems.length === 0) problems.push(`not consistent: ${JSON.stringify(body)}`)
    problems.push(...(await wrongSums(evidence)))
    return { looked: `${String(body.checked['holds'])} holds, ${String(body.checked['ledgerEntries'])} movements`, problems }
  },
}

/** On hand is what there was and was added, less what was sold and not returned; at rest nothing is reserved. */
async function wrongSums({ history, cluster }: Evidence): Promise<string[]> {
  const levels = await rowsOf<{ sku: string; onHand: number; reserved: number }>(
    cluster,
    'inventory',
    `select sku, sum(on_hand)::int as "onHand", sum(reserved)::int as reserved from stock_levels group by sku`,
  )
  const sold = await rowsOf<{ sku: string; units: number }>(
    cluster,
    'order',
    `select line ->> 'sku' as sku, sum((line ->> 'quantity')::int)::int as units
     from orders, jsonb_array_elements(lines) line where status = 'CONFIRMED' group by 1`,
  )
  const doubtful = new Set(
    history.flatMap((one) => (one.call.do === 'adjust' && (isAmbiguous(one) || one.outcome === 'unknown') ? [one.call.sku] : [])),
  )
  return [...assortment.hot, ...assortment.baskets, assortment.queued, assortment.moved].flatMap((sku) => {
    const found = levels.find((level) => level.sku === sku)
    const added = history.reduce(
      (sum, { call, outcome }) => (call.do === 'adjust' && call.sku === sku && outcome === 'ok' ? sum + call.delta : sum),
      stockOf(sku),
    )
    const expected = added - (sold.find((one) => one.sku === sku)?.units ?? 0)
    return [
      ...(found?.onHand === expected || doubtful.has(sku) ? [] : [`${sku}: ${found?.onHand} on hand, not ${expected}`]),
      ...(found?.reserved === 0 ? [] : [`${sku}: ${found?.reserved} are still reserved`]),
    ]
  })
}
