/** What clients do: drawn before anything is known of how it goes, so that a seed has one set of stories. */
import type { Random } from '../random'
import type { Line } from './history'

export type Story =
  | { is: 'shopping'; lines: Line[]; ttlSeconds: number; meanwhile: Meanwhile[]; end: End }
  | { is: 'stocking'; sku: string; delta: number }
  | { is: 'moving'; sku: string; quantity: number; back: boolean }
  | { is: 'looking'; sku: string }
  | { is: 'queueing'; sku: string; quantity: number; end: End }

export type Meanwhile = { do: 'extend'; ttlSeconds: number } | { do: 'change'; quantity: number } | { do: 'look' }

/** Declined, then paid; returned: paid, then the order is cancelled. */
export type End = 'lapse' | 'cancel' | 'pay' | 'pay by callback' | 'declined' | 'declined, then paid' | 'returned'

/** How a step is asked for. */
export interface Manner {
  /** Which gateway, 0 or 1; a repeat takes the other. */
  gateway: 0 | 1
  /** Asked for at both at once, with the same key. */
  twice: boolean
  /** Before it, ms. */
  pauseMs: number
}

/** SKUs by how they are sold. */
export interface Assortment {
  /** Few units of which everybody wants some: their levels are checked call by call. */
  hot: string[]
  /** Bought several at a time. */
  baskets: string[]
  /** Sold out; who waits is served. */
  queued: string
  /** In two warehouses, between which it is moved; now and then bought with others. */
  moved: string
}

export const assortment: Assortment = {
  hot: ['HOT-1', 'HOT-2', 'HOT-3'],
  baskets: ['BASKET-1', 'BASKET-2', 'BASKET-3', 'BASKET-4'],
  queued: 'QUEUED-1',
  moved: 'MOVED-1',
}

export const warehouses = ['MAIN', 'SECOND'] as const

/** Units of each SKU at the beginning, in MAIN. */
export function stockOf(sku: string): number {
  if (assortment.hot.includes(sku)) return 5
  return sku === assortment.queued ? 1 : 30
}

export function drawStory(random: Random): Story {
  switch (random.weighted({ hot: 9, basket: 3, stocking: 4, looking: 4, moving: 1, queueing: 1 })) {
    case 'hot':
      return drawShopping(random, [{ sku: random.pick(assortment.hot), quantity: random.whole(1, 3) }])
    case 'basket': {
      const skus = assortment.baskets.filter(() => random.chance(0.5))
      const chosen = skus.length === 0 ? [random.pick(assortment.baskets)] : skus
      // Never the first, which may be changed: its line is in either warehouse.
      if (random.chance(0.5)) chosen.push(assortment.moved)
      return drawShopping(
        random,
        chosen.map((sku) => ({ sku, quantity: random.whole(1, 4) })),
      )
    }
    case 'stocking': {
      const [sku, delta] = random.chance(0.8)
        ? [random.pick(assortment.hot), random.pick([-2, -1, 1, 2, 3])]
        : [random.pick([...assortment.baskets, assortment.queued]), random.pick([-1, 1, 5])]
      return { is: 'stocking', sku, delta }
    }
    case 'looking':
      return { is: 'looking', sku: random.pick(assortment.hot) }
    case 'moving':
      return { is: 'moving', sku: assortment.moved, quantity: random.whole(1, 6), back: random.chance(0.5) }
    case 'queueing':
      return { is: 'queueing', sku: assortment.queued, quantity: random.whole(1, 2), end: drawEnd(random) }
  }
}

function drawShopping(random: Random, lines: Line[]): Story {
  const meanwhile: Meanwhile[] = []
  let units = lines[0]?.quantity ?? 0
  for (let left = random.pick([0, 0, 1, 2]); left > 0; left--) {
    const step = drawMeanwhile(random, units)
    if (step.do === 'change') units = step.quantity
    meanwhile.push(step)
  }
  const end = drawEnd(random)
  return { is: 'shopping', lines, ttlSeconds: random.pick([1, 2, 4, 8]), meanwhile, end }
}

function drawEnd(random: Random): End {
  return random.weighted({
    lapse: 3,
    cancel: 3,
    pay: 3,
    'pay by callback': 1,
    declined: 1,
    'declined, then paid': 1,
    returned: 2,
  } satisfies Record<End, number>)
}

/** @param units a change to as many would be none */
function drawMeanwhile(random: Random, units: number): Meanwhile {
  switch (random.pick(['extend', 'change', 'look'] as const)) {
    case 'extend':
      return { do: 'extend', ttlSeconds: random.whole(2, 8) }
    case 'change':
      return { do: 'change', quantity: random.pick([1, 2, 3, 4].filter((quantity) => quantity !== units)) }
    case 'look':
      return { do: 'look' }
  }
}

export function drawManner(random: Random): Manner {
  return { gateway: random.pick([0, 1]), twice: random.chance(0.15), pauseMs: random.pick([0, 0, random.whole(0, 400)]) }
}
