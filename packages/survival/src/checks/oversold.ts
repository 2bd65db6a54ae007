import { isAbout, type Operation } from '../workload/history'
import { assortment, stockOf } from '../workload/story'
import type { Check } from './check'

/** At no moment were more units of a SKU certainly given away than there can have been: for every SKU, from the answers alone. */
export const oversold: Check = {
  name: 'never oversold',
  run: async ({ history }) => {
    const skus = [...assortment.hot, ...assortment.baskets]
    const problems = skus.flatMap((sku) => oversoldMoments(history, sku))
    const given = history.filter(({ call, outcome }) => call.do === 'reserve' && outcome === 'ok').length
    return Promise.resolve({ looked: `${given} reservations of ${skus.length} SKUs`, problems })
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

/** In force from the answer of its maker until its first end, or, when it was sold, for good; until somebody asks for less. */
function givenAway(history: readonly Operation[], sku: string): Given[] {
  const byHold = Map.groupBy(
    history.filter(({ call }) => isAbout(call)),
    ({ call }) => (isAbout(call) ? call.hold : ''),
  )
  return [...byHold.values()].flatMap((ofHold) => {
    const made = ofHold.find(({ call, outcome }) => call.do === 'reserve' && outcome === 'ok')
    if (made?.call.do !== 'reserve' || made.to === undefined || made.answer?.status !== 'ACTIVE') return []
    const wanted = made.call.lines.find((line) => line.sku === sku)?.quantity ?? 0
    const changes = ofHold.flatMap(({ call }) => (call.do === 'change' && call.sku === sku ? [call.quantity] : []))
    const ends = ofHold.filter(({ call }) => call.do === 'cancel' || call.do === 'cancelOrder').map(({ from }) => from)
    const sold = ofHold.some(({ call, outcome }) => call.do === 'checkOut' && outcome === 'ok')
    const to = Math.min(sold ? Infinity : (made.answer.expiresAt ?? 0), ...ends)
    const units = Math.min(wanted, ...changes)
    return units > 0 && made.to < to ? [{ from: made.to, to, units }] : []
  })
}

function mostAt(history: readonly Operation[], sku: string, time: number): number {
  return history.reduce((sum, { call, from, to, outcome }) => {
    if (call.do !== 'adjust' || call.sku !== sku) return sum
    const counts = call.delta > 0 ? from <= time : outcome === 'ok' && to !== undefined && to < time
    return counts ? sum + call.delta : sum
  }, stockOf(sku))
}
