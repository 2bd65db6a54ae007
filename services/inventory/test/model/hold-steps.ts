/** What is done to holds: made, changed, split and ended, and given what they were promised. */
import { ChangeHoldRequest, HoldItem_Split, type HoldResult } from '@holdfast/contracts/inventory'
import { createLog, systemContext } from '@holdfast/service'
import fc from 'fast-check'

import { fillLevel } from '../../src/fills'
import { fates, holdItem, makeDue } from '../builders'
import { lives, lowered, type PaperHold, splitOff, sum, unitsOf, warehouses } from './paper'
import {
  expectCode,
  holdAt,
  isMostly,
  linesOf,
  productAt,
  type Shop,
  step,
  type WeightedStep,
  warehouse,
  which,
  withoutPlaces,
} from './shop'

const fateOf = (result: HoldResult | undefined): string | undefined => (result === undefined ? undefined : fates([result])[0])

const hold = step(
  'hold',
  8,
  fc.record({
    owner: fc.constantFrom('ann', 'ben'),
    units: fc.array(fc.nat({ max: 4 }), { minLength: 3, maxLength: 3 }).filter((units) => sum(units) > 0),
    /** '' is any. */
    from: fc.oneof({ weight: 3, arbitrary: fc.constant('' as const) }, warehouse),
    split: fc.option(fc.constantFrom(HoldItem_Split.FEWEST_PARCELS, HoldItem_Split.PRIORITY, HoldItem_Split.MOST_STOCK), {
      nil: undefined,
    }),
  }),
  async (shop, { owner, units, from, split }) => {
    const { paper, inventory } = shop
    const wanted = paper.products.map(({ sku }, index) => ({ sku, units: units[index] ?? 0 })).filter((one) => one.units > 0)
    const places = from === '' ? warehouses : [from]
    const item = holdItem([], { id: shop.nextId(), owner: `${owner} of ${paper.products[0]?.sku}` })
    item.lines = wanted.map((one) => ({ sku: one.sku, quantity: one.units, warehouse: from }))
    if (split !== undefined) Object.assign(item, { allowSplit: true, splitBy: split })
    const [result] = (await inventory.reservation.hold({ items: [item] }, inventory.service())).results
    const refusal = paper.whyNoHold(item.owner, wanted, places, split !== undefined)
    expect(fateOf(result)).toBe(refusal ?? 'HELD')
    if (refusal !== undefined) return
    const lines = linesOf(result?.hold?.lines ?? [])
    const right = paper.mayBeMadeOf(lines, wanted, places, split !== undefined)
    expect([right, lines]).toEqual([true, lines])
    paper.hold(item.id, item.owner, lines)
  },
)

/** A step about one of the holds that there are. */
function onHold<Drawn>(
  name: string,
  weight: number,
  drawn: fc.Arbitrary<Drawn>,
  run: (shop: Shop, held: PaperHold, drawn: Drawn) => Promise<void>,
): WeightedStep {
  return step(name, weight, fc.tuple(which, drawn), async (shop, [index, value]) => {
    const held = holdAt(shop, index)
    if (held !== undefined) await run(shop, held, value)
  })
}

/** Why a hold can't be changed or sold any more; undefined: it can. */
function over(held: PaperHold): string | undefined {
  const { state } = held
  if (lives(held)) return undefined
  return state === 'HELD' || state === 'EXPIRED' ? 'RESERVATION_EXPIRED' : 'RESERVATION_NOT_ACTIVE'
}

const commit = onHold('commit', 2, fc.constant({}), async ({ inventory, paper }, held) => {
  const request = { ids: [held.id], linesVersions: [held.linesVersion] }
  const { results } = await inventory.reservation.commit(request, inventory.service())
  if (lives(held)) paper.commit(held)
  // A due hold may have been taken back on the way to another's sale: then it is EXPIRED, which answers the same.
  expect(fates(results)).toEqual([held.state === 'COMMITTED' ? 'COMMITTED' : over(held)])
})

const release = onHold('release', 2, fc.constant({}), async ({ inventory }, held) => {
  const { results } = await inventory.reservation.release({ items: [{ id: held.id, endProtection: false }] }, inventory.service())
  const [fate] = fates(results)
  if (held.state === 'HELD' && held.due) {
    // Nobody has ended it yet, or somebody's sale has: both are right.
    expect(['RELEASED', 'RESERVATION_EXPIRED']).toContain(fate)
    held.state = fate === 'RELEASED' ? 'RELEASED' : 'EXPIRED'
    return
  }
  if (held.state === 'HELD') held.state = 'RELEASED'
  expect(fate).toBe(held.state === 'RELEASED' ? 'RELEASED' : over(held))
})

const fallDue = onHold('fall due', 2, fc.constant({}), async ({ inventory }, held) => {
  if (!lives(held)) return
  held.due = true
  await makeDue(inventory, [held.id])
})

const expire = onHold('expire', 1, fc.constant({}), async ({ inventory }, held) => {
  const { results } = await inventory.reservation.expire({ ids: [held.id] }, inventory.service())
  if (held.state === 'HELD' && held.due) held.state = 'EXPIRED'
  expect(fates(results)).toEqual([held.state])
})

const giveBack = onHold('give back', 1, fc.constant({}), async ({ inventory, paper }, held) => {
  const call = inventory.order.returnStock({ holdId: held.id, reference: held.id, reason: 'model' }, inventory.service())
  await expectCode(held.state === 'COMMITTED' ? undefined : 'ILLEGAL_TRANSITION', call)
  if (held.state === 'COMMITTED') paper.giveBack(held)
})

/** Mostly something that it has. */
function skuOf(shop: Shop, { lines }: PaperHold, index: number): string {
  const own = isMostly(index) ? lines[(index >> 2) % Math.max(lines.length, 1)] : undefined
  return own?.sku ?? productAt(shop, index).sku
}

/** Sets how many units of a product it has, or takes some from it; a stale version is refused. */
const change = onHold(
  'change',
  8,
  fc.record({
    product: which,
    units: fc.nat({ max: 6 }),
    taking: fc.boolean(),
    stale: fc.nat({ max: 9 }).map((one) => one === 0),
  }),
  async (shop, held, { product, units, taking, stale }) => {
    const { inventory, paper } = shop
    const sku = skuOf(shop, held, product)
    const { cap } = paper.productOf(sku)
    const request = ChangeHoldRequest.fromPartial({
      id: held.id,
      lines: [{ sku, quantity: taking ? Math.max(units, 1) : units }],
      giveBack: taking,
      linesVersion: held.linesVersion + (stale ? 1 : 0),
    })
    const { result } = await inventory.reservation.changeHold(request, inventory.service())
    const had = unitsOf(held.lines, sku)
    const more = taking ? -Math.max(units, 1) : units - had
    const ways = more > 0 ? paper.waysToRaise(held, sku, more) : [lowered(held.lines, sku, -more)]
    const refusals: [refused: boolean, code: string][] = [
      [stale, 'CONFLICT'],
      [had + more < 0, 'INVALID_ARGUMENT'],
      [more > 0 && cap > 0, 'ILLEGAL_TRANSITION'],
      [ways.length === 0, 'INSUFFICIENT_STOCK'],
      [more > 0 && paper.overLimit(held.owner, { sku, units: more }), 'LIMIT_EXCEEDED'],
    ]
    const code = over(held) ?? refusals.find(([refused]) => refused)?.[1]
    const ended = ways[0]?.length === 0
    expect(fateOf(result)).toBe(code ?? (ended ? 'RELEASED' : 'HELD'))
    if (code !== undefined) return
    if (ended) {
      held.state = 'RELEASED'
      return
    }
    const lines = linesOf(result?.hold?.lines ?? [])
    const way = ways.find((one) => JSON.stringify(withoutPlaces(one)) === JSON.stringify(lines))
    expect(ways.map(withoutPlaces)).toContainEqual(lines)
    held.lines = way ?? lines
    if (more !== 0) held.linesVersion++
    expect(result?.hold?.linesVersion).toBe(held.linesVersion)
  },
)

const split = onHold(
  'split',
  5,
  fc.record({ product: which, units: fc.integer({ min: 1, max: 3 }) }),
  async (shop, held, { product, units }) => {
    const { inventory, paper } = shop
    const sku = skuOf(shop, held, product)
    const { id, linesVersion } = held
    const partId = shop.nextId()
    const lines = [{ sku, quantity: units, warehouse: '' }]
    const answer = await inventory.reservation.splitHold(
      { id, partId, fingerprint: '', lines, linesVersion },
      inventory.service(),
    )
    const { part, rest } = splitOff(held.lines, sku, units)
    const tooFew = unitsOf(held.lines, sku) < units ? 'INVALID_ARGUMENT' : undefined
    const code = over(held) ?? tooFew ?? (rest.length === 0 ? 'ILLEGAL_TRANSITION' : undefined)
    expect(fateOf(answer.part)).toBe(code ?? 'HELD')
    if (code !== undefined) return
    expect(linesOf(answer.part?.hold?.lines ?? [])).toEqual(withoutPlaces(part))
    expect(linesOf(answer.rest?.lines ?? [])).toEqual(withoutPlaces(rest))
    held.lines = rest
    held.linesVersion++
    paper.holds.push({ id: partId, owner: held.owner, state: 'HELD', due: false, linesVersion: 1, lines: part })
  },
)

/** What is due is taken back, as the sweeper does; then everybody gets what is theirs. */
const fill = step('fill', 5, fc.constant({}), async ({ inventory, paper }) => {
  const ids = paper.holds.map(({ id }) => id)
  if (ids.length > 0) await inventory.reservation.expire({ ids }, inventory.service())
  for (const held of paper.holds) if (held.state === 'HELD' && held.due) held.state = 'EXPIRED'
  const ctx = systemContext('inventory', createLog('test', 'silent'))
  for (const { sku } of paper.products) {
    for (const place of warehouses) {
      const filled = await fillLevel(inventory.database, { sku, warehouse: place }, ctx)
      expect([sku, place, filled]).toEqual([sku, place, paper.fill(sku, place)])
    }
  }
})

export const holdSteps = [hold, commit, release, fallDue, expire, giveBack, change, split, fill]
