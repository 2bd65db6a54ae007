/** Setting units aside: the hot path. Every waiting hold is decided in one round trip and one commit. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { HoldItem, HoldResult } from '@holdfast/contracts/inventory'
import { Combiner, type Database, databaseError, faultPoint, HoldfastError, type Outcome } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

import { toOutcomes } from './hold-outcome'
import type { OnlyWarehouse } from './only-warehouse'
import type { RuledProducts } from './ruled-products'
import type { Claim, Limits } from './claims'
import { planHolds, type Planned } from './plan'
import type { PlannedLine } from './plan-stock'
import type { World } from './world'
import { endHolds, findDueHolds, type HoldBatchRow, holdBatch, holdPlanned, isOutOfDate } from './sql/holds'
import { lockOwners } from './sql/claims'
import { lockWaiting } from './sql/waiting'
import { findKnown, lockLevels, readWorld } from './sql/world'

/** Due holds that are taken back for one batch at most: bounded work, and each frees at least one of the units wanted. */
const mostDueAtOnce = 5_000
/** Rounds of taking back and deciding again; in each, so many units more are taken back than are wanted. */
const mostRounds = 10
const moreEachRound = 50

export interface HoldsOptions {
  database: Database
  warehouses: OnlyWarehouse
  ruled: RuledProducts
  limits: Limits
  /** Most holds that wait. */
  maxQueue: number
  /** Commits, releases and protections go first. */
  yieldTo: { turn: () => Promise<void> }
  /** Called after each commit that wrote events. */
  published: () => void
  /** Called after each commit by which promises may have to be filled. */
  mayFill: () => void
}

/** A queue for each strategy; only those that combine share a batch. */
export interface HoldQueues {
  submit(item: HoldItem, deadline: number): Promise<HoldResult>
}

/** Transactions of their own under way at once, for each strategy that has them. */
const ownTransactions = 8

export function createHoldQueues(options: HoldsOptions): HoldQueues {
  const { maxQueue, yieldTo } = options
  const combining = new Combiner<HoldItem, HoldResult>({
    name: 'holds',
    run: async (items) => decide(items, options),
    maxItems: 1_000,
    maxQueue,
    weight: { of: (item) => item.lines.length, max: 5_000 },
    yieldTo,
  })
  const alone = { maxItems: 1, maxQueue, concurrency: ownTransactions }
  const pessimistic = new Combiner<HoldItem, HoldResult>({
    name: 'pessimistic holds',
    run: async (items) => decide(items, options),
    ...alone,
  })
  const optimistic = new Combiner<HoldItem, HoldResult>({
    name: 'optimistic holds',
    run: async (items) => Promise.all(items.map(async (item) => holdOptimistically(item, options))),
    ...alone,
  })
  const queues = { PESSIMISTIC: pessimistic, OPTIMISTIC: optimistic, COMBINING: combining }
  return {
    submit: async (item, deadline) => {
      const { strategy } = item
      const queue = strategy === 'PESSIMISTIC' || strategy === 'OPTIMISTIC' ? queues[strategy] : queues.COMBINING
      return queue.submit(item, deadline)
    },
  }
}

/** Decides a batch in order of arrival. A second item with the same id is decided after the first, and meets its hold. */
async function decide(items: HoldItem[], options: HoldsOptions): Promise<Outcome<HoldResult>[]> {
  const outcomes: Outcome<HoldResult>[] = []
  let waiting = items.map((item, index) => ({ item, index }))
  while (waiting.length > 0) {
    const seen = new Set<string>()
    const first = waiting.filter(({ item }) => !seen.has(item.id) && seen.add(item.id))
    const decided = await decideDistinct(
      first.map(({ item }) => item),
      options,
    )
    first.forEach(({ index }, place) => {
      outcomes[index] = decided[place] ?? { error: new Error('no outcome') }
    })
    const done = new Set(first.map(({ index }) => index))
    waiting = waiting.filter(({ index }) => !done.has(index))
  }
  return outcomes
}

/** Plain products with their warehouses are decided as they come; where there is a choice, or a rule, it is planned first. */
async function decideDistinct(items: HoldItem[], options: HoldsOptions): Promise<Outcome<HoldResult>[]> {
  try {
    const only = await options.warehouses.only()
    const { limits } = options
    const limited = limits.units > 0 || limits.holds > 0
    const known = limited || items.some((item) => hasChoice(item, only) || options.ruled.any(item.lines))
    return (known ? undefined : await decideAsAsked(items, only, options)) ?? (await decidePlanned(items, options))
  } catch (error) {
    throw databaseError(error)
  }
}

function hasChoice({ lines, channel }: HoldItem, only: string | undefined): boolean {
  if (channel !== '') return true
  const unnamed = lines.filter(({ warehouse }) => warehouse === '')
  return (
    unnamed.length > 0 &&
    (only === undefined || unnamed.some(({ sku }) => lines.some((line) => line.sku === sku && line.warehouse !== '')))
  )
}

/** @returns undefined: it has to be planned */
async function decideAsAsked(
  asked: HoldItem[],
  only: string | undefined,
  options: HoldsOptions,
): Promise<Outcome<HoldResult>[] | undefined> {
  const { database, published } = options
  const alone = asked.some(({ lines }) => lines.some(({ warehouse }) => warehouse === ''))
  const items = alone ? asked.map((item) => within(item, only ?? '')) : asked
  let rows = await holdBatch(database.pool, items, { final: false, alone })
  // Once is enough when nobody else takes what was freed: other replicas, and transactions of their own, may.
  for (let round = 0; rows[0]?.outcome === 'DUE_FIRST'; round++) {
    await expireDue(demandOf(items, round * moreEachRound), requestIdOf(items), options)
    rows = await holdBatch(database.pool, items, { final: round >= mostRounds, alone })
  }
  if (rows[0]?.outcome === 'CHOOSE') options.warehouses.forget()
  if (rows[0]?.outcome === 'CHOOSE' || rows[0]?.outcome === 'PLAN') return undefined
  if (rows.some((row) => row.outcome === 'HELD')) published()
  await faultPoint('inventory.held')
  return toOutcomes(
    items,
    rows,
    items.map(({ lines }) => lines),
  )
}

/** A SKU with and without the warehouse's name is one line (an item that names one and the same level twice is planned). */
function within(item: HoldItem, only: string): HoldItem {
  return { ...item, lines: item.lines.map((line) => (line.warehouse === '' ? { ...line, warehouse: only } : line)) }
}

/** Rounds of reading, planning and writing; what others change in between costs one. After them it is planned under the locks. */
const mostPlans = 10

async function decidePlanned(items: HoldItem[], options: HoldsOptions): Promise<Outcome<HoldResult>[]> {
  const { limits } = options
  const { pool } = options.database
  let tookForPromises = false
  for (let round = 0; round < mostPlans; round++) {
    const world = await readWorld(pool, items, limits)
    options.ruled.remember(world.products)
    const plan = await makePlan(pool, items, world)
    const dueHolds = plan.planned.flatMap((one) => ('refusal' in one ? one.dueHolds : []))
    if (dueHolds.length > 0) {
      await expire(dueHolds.slice(0, mostDueAtOnce), requestIdOf(items), options)
      continue
    }
    // As many as a promise lacks are taken back at once; what others are quicker to get is promised all the same.
    const due = plan.planned.flatMap((one) => ('refusal' in one || !tookForPromises ? one.due : []))
    if (due.length > 0) {
      tookForPromises ||= plan.planned.some((one) => !('refusal' in one) && one.due.length > 0)
      const more = round * moreEachRound
      await expireDue(
        due.map((level) => ({ ...level, units: level.units + more })),
        requestIdOf(items),
        options,
      )
      continue
    }
    if (plan.refusals !== undefined) return plan.refusals
    const rows = await writePlan(pool, items, plan)
    if (rows !== undefined) return planWritten(items, plan, rows, options)
  }
  const { plan, rows } = await options.database.transaction(async (client) => {
    const locked = await lockLevels(client, items)
    await lockOwners(client, items)
    await lockWaiting(client, locked.skus)
    const world = await readWorld(client, items, limits, locked)
    const plan = world && (await makePlan(client, items, world))
    return { plan, rows: plan && (await writePlan(client, items, plan)) }
  })
  if (plan === undefined || rows === undefined)
    throw new HoldfastError('CONFLICT', 'Others changed the products at every try', { retryAfterMs: 100 })
  return planWritten(items, plan, rows, options)
}

interface Plan {
  planned: Planned[]
  products: World['products']
  /** Where nobody gets anything, and nobody's id is known: nothing is to be written. */
  refusals?: { error: HoldfastError }[]
}

/** A known id wants nothing, and is no refusal: it is left to the statement, which answers the hold as it is. */
async function makePlan(db: Pool | PoolClient, items: HoldItem[], world: World): Promise<Plan> {
  const ids = items.map(({ id }) => id)
  const first = planHolds(items, world)
  if (!first.some((one) => 'refusal' in one)) return { planned: first, products: world.products }
  const known = await findKnown(db, ids)
  if (known.size === 0) {
    const refusals = first.flatMap((one) => ('refusal' in one ? [{ error: one.refusal }] : []))
    const all = refusals.length === items.length
    return { planned: first, products: world.products, ...(all && { refusals }) }
  }
  const rest = planHolds(
    items.filter(({ id }) => !known.has(id)),
    world,
  ).values()
  const planned = items.map((item) => (known.has(item.id) ? alreadyKnown(item) : (rest.next().value ?? alreadyKnown(item))))
  return { planned, products: world.products }
}

function alreadyKnown({ id }: HoldItem): Planned {
  return { refusal: new HoldfastError('CONFLICT', `Hold ${id} was there and is not found`), due: [], dueHolds: [] }
}

/** @returns undefined: it is out of date, and nothing was written */
async function writePlan(
  db: Pool | PoolClient,
  items: HoldItem[],
  { planned, products }: Plan,
): Promise<HoldBatchRow[] | undefined> {
  try {
    const rows = await holdPlanned(
      db,
      items.map((item, index) => ({ item, lines: linesOf(planned[index]), claims: claimsOf(planned[index]) })),
      products,
      false,
    )
    return rows[0]?.outcome === 'REPLAN' ? undefined : rows
  } catch (error) {
    if (isOutOfDate(error)) return undefined
    throw error
  }
}

function linesOf(planned: Planned | undefined): PlannedLine[] | undefined {
  return planned !== undefined && 'lines' in planned ? planned.lines : undefined
}

function claimsOf(planned: Planned | undefined): Claim[] {
  return planned !== undefined && 'lines' in planned ? planned.claims : []
}

async function planWritten(
  items: HoldItem[],
  { planned }: Plan,
  rows: HoldBatchRow[],
  options: HoldsOptions,
): Promise<Outcome<HoldResult>[]> {
  if (rows.some((row) => row.outcome === 'HELD')) options.published()
  // Units may have come in between the plan and the promise.
  if (planned.some((one) => linesOf(one)?.some(({ promised }) => promised > 0))) options.mayFill()
  await faultPoint('inventory.held')
  const outcomes = toOutcomes(
    items,
    rows,
    planned.map((one) => linesOf(one) ?? []),
  )
  return outcomes.map((outcome, index) => {
    const one = planned[index]
    const refused = rows.find((row) => row.item === index + 1)?.outcome === 'REFUSED'
    return refused && one !== undefined && 'refusal' in one ? { error: one.refusal } : outcome
  })
}

/** How often an optimistic hold is tried: as often as a burst of others may be ahead of it, within a fraction of a second. */
const mostTries = 10
/** The longest pause before the second try, in ms; it doubles with each. */
const firstPauseMs = 4

/**
 * Reads without a lock, and writes if every level still has the version that was read; else again after a random pause
 * that grows (AWS Architecture Blog, "Exponential Backoff And Jitter"), then CONFLICT. A refusal is decided under the
 * locks, like everybody's.
 */
async function holdOptimistically(item: HoldItem, options: HoldsOptions): Promise<Outcome<HoldResult>> {
  const { pool } = options.database
  try {
    for (let attempt = 0; attempt < mostTries; attempt++) {
      if (attempt > 0) await sleep(Math.random() * firstPauseMs * 2 ** Math.min(attempt, 5))
      const world = await readWorld(pool, [item], options.limits)
      const planned = planHolds([item], world)
      const lines = linesOf(planned[0])
      if (lines === undefined || planned.some(({ due }) => due.length > 0))
        return (await decideDistinct([item], options))[0] ?? { error: new Error('no outcome') }
      const rows = await holdPlanned(pool, [{ item, lines, claims: claimsOf(planned[0]) }], world.products, true)
      if (rows[0]?.outcome === 'CONFLICT' || rows[0]?.outcome === 'REPLAN') continue
      return (
        (await planWritten([item], { planned, products: world.products }, rows, options))[0] ?? { error: new Error('no outcome') }
      )
    }
  } catch (error) {
    throw databaseError(error)
  }
  return { error: new HoldfastError('CONFLICT', 'Others changed the stock at every try', { retryAfterMs: 100 }) }
}

interface Demand {
  sku: string
  warehouse: string
  units: number
}

function demandOf(items: HoldItem[], more: number): Demand[] {
  return items.flatMap(({ lines }) => lines.map(({ sku, warehouse, quantity }) => ({ sku, warehouse, units: quantity + more })))
}

function requestIdOf(items: HoldItem[]): string {
  return items[0]?.requestId ?? ''
}

/** Truth 11: what is due is taken back before somebody is refused, in a transaction of its own, by the sweeper's statement. */
async function expireDue(wanted: Demand[], requestId: string, options: HoldsOptions): Promise<void> {
  const demand = new Map<string, Demand>()
  for (const { sku, warehouse, units } of wanted) {
    const key = `${sku}/${warehouse}`
    demand.set(key, { sku, warehouse, units: units + (demand.get(key)?.units ?? 0) })
  }
  const ids = await findDueHolds(options.database.pool, [...demand.values()], mostDueAtOnce)
  if (ids.length > 0) await expire(ids, requestId, options)
}

async function expire(ids: readonly string[], requestId: string, options: HoldsOptions): Promise<void> {
  const ends = ids.map((id) => ({ id, endProtection: false }))
  await endHolds(options.database.pool, 'EXPIRE', ends, requestId)
  options.published()
  options.mayFill()
}
