import { type Call, isAbout, type Operation } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Check } from './check'

/**
 * At no moment were more units of a SKU certainly given away than there can have been: for every SKU, over all warehouses, from the
 * answers alone. What was offered to who waits in line is given away once they have seen it.
 */
export const oversold: Check = {
  name: 'never oversold',
  run: async ({ history }) => {
    const skus = [...assortment.hot, ...assortment.baskets, assortment.queued, assortment.moved]
    const problems = skus.flatMap((sku) => oversoldMoments(history, sku))
    const made = history.filter(({ call, outcome }) => call.do === 'reserve' && outcome === 'ok').length
    const offered = givenAway(history, assortment.queued).length
    return Promise.resolve({ looked: `${made} reservations of ${skus.length} SKUs, ${offered} of who waited`, problems })
  },
}

interface Given {
  from: number
  to: number
  units: number
}

export function oversoldMoments(history: readonly Operation[], sku: string): string[] {
  const given = givenAway(history, sku)
  return given.flatMap(({ from }) => {
    const taken = given.filter((other) => other.from <= from && from < other.to).reduce((sum, { units }) => sum + units, 0)
    const most = mostAt(history, sku, from)
    return taken > most
      ? [`${sku}: ${taken} units were given away at ${new Date(from).toISOString()}, and there were ${most}`]
      : []
  })
}

/** In force from the first answer that tells of it until its first end, or, when it was sold, for good; until somebody asks for less. */
function givenAway(history: readonly Operation[], sku: string): Given[] {
  const byHold = Map.groupBy(
    history.filter(({ call }) => isAbout(call)),
    ({ call }) => (isAbout(call) ? call.hold : ''),
  )
  return [...byHold.values()].flatMap((ofHold) => {
    const [asked] = ofHold
    const told = asked?.call.do === 'joinWaitlist' ? ofHold.find(({ call }) => call.do === 'look') : asked
    if (told?.outcome !== 'ok' || told.to === undefined || told.answer?.status !== 'ACTIVE') return []
    const wanted = wantedOf(asked?.call, sku)
    const changes = ofHold.flatMap(({ call }) => (call.do === 'change' && call.sku === sku ? [call.quantity] : []))
    const ends = ofHold.filter(({ call }) => call.do === 'cancel' || call.do === 'cancelOrder').map(({ from }) => from)
    const sold = ofHold.some(({ call, outcome }) => call.do === 'checkOut' && outcome === 'ok')
    const to = Math.min(sold ? Infinity : (told.answer.expiresAt ?? 0), ...ends)
    const units = Math.min(wanted, ...changes)
    return units > 0 && told.to < to ? [{ from: told.to, to, units }] : []
  })
}

function wantedOf(call: Call | undefined, sku: string): number {
  if (call?.do === 'joinWaitlist') return call.sku === sku ? call.quantity : 0
  return call?.do === 'reserve' ? (call.lines.find((line) => line.sku === sku)?.quantity ?? 0) : 0
}

function mostAt(history: readonly Operation[], sku: string, time: number): number {
  return history.reduce((sum, { call, from, to, outcome }) => {
    if (call.do !== 'adjust' || call.sku !== sku) return sum
    const counts = call.delta > 0 ? from <= time : outcome === 'ok' && to !== undefined && to < time
    return counts ? sum + call.delta : sum
  }, stockOf(sku))
}
