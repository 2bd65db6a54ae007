/** Setting units aside: the hot path. Every waiting hold is decided in one round trip and one commit. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { HoldItem, HoldResult } from '@holdfast/contracts/inventory'
import { Combiner, type Database, databaseError, faultPoint, HoldfastError, invalidField, type Outcome } from '@holdfast/service'

import { endHolds, findDueHolds, type HoldBatchRow, holdBatch, readLevels, toHold } from './sql/holds'
import { checkFingerprint } from './validate'

/** Due holds that are taken back for one batch at most: bounded work, and each frees at least one of the units wanted. */
const mostDueAtOnce = 5_000
/** Rounds of taking back and deciding again; in each, so many units more are taken back than are wanted. */
const mostRounds = 10
const moreEachRound = 50

export interface HoldsOptions {
  database: Database
  /** Most holds that wait. */
  maxQueue: number
  /** Commits, releases and protections go first. */
  yieldTo: { turn: () => Promise<void> }
  /** Called after each commit that wrote events. */
  published: () => void
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

async function decideDistinct(items: HoldItem[], options: HoldsOptions): Promise<Outcome<HoldResult>[]> {
  try {
    let rows = await holdBatch(options.database.pool, items, false)
    // Once is enough when nobody else takes what was freed: other replicas, and transactions of their own, may.
    for (let round = 0; rows[0]?.outcome === 'DUE_FIRST'; round++) {
      await expireDue(items, round * moreEachRound, options)
      rows = await holdBatch(options.database.pool, items, round >= mostRounds)
    }
    if (rows.some((row) => row.outcome === 'HELD')) options.published()
    await faultPoint('inventory.held')
    return toOutcomes(items, rows)
  } catch (error) {
    throw databaseError(error)
  }
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
      const levels = await readLevels(pool, item.lines)
      const fits = item.lines.every((line, index) => (levels[index]?.free ?? 0) >= line.quantity)
      const versions = levels.map((level) => level.version ?? 0n)
      if (!fits) return (await decideDistinct([item], options))[0] ?? { error: new Error('no outcome') }
      const rows = await holdBatch(pool, [item], true, versions)
      if (rows[0]?.outcome === 'CONFLICT') continue
      if (rows[0]?.outcome === 'HELD') options.published()
      return toOutcomes([item], rows)[0] ?? { error: new Error('no outcome') }
    }
  } catch (error) {
    throw databaseError(error)
  }
  return { error: new HoldfastError('CONFLICT', 'Others changed the stock at every try', { retryAfterMs: 100 }) }
}

/** Truth 11: what is due is taken back before somebody is refused, in a transaction of its own, by the sweeper's statement. */
async function expireDue(items: HoldItem[], more: number, options: HoldsOptions): Promise<void> {
  const demand = new Map<string, { sku: string; warehouse: string; units: number }>()
  for (const line of items.flatMap((item) => item.lines)) {
    const key = `${line.sku}/${line.warehouse}`
    const level = demand.get(key) ?? { sku: line.sku, warehouse: line.warehouse, units: more }
    demand.set(key, { ...level, units: level.units + line.quantity })
  }
  const ids = await findDueHolds(options.database.pool, [...demand.values()], mostDueAtOnce)
  if (ids.length === 0) return
  const ends = ids.map((id) => ({ id, endProtection: false }))
  await endHolds(options.database.pool, 'EXPIRE', ends, items[0]?.requestId ?? '')
  options.published()
}

function toOutcomes(items: HoldItem[], rows: HoldBatchRow[]): Outcome<HoldResult>[] {
  const byItem = Map.groupBy(rows, (row) => row.item)
  // Lines are numbered through the whole batch; the first of each item makes them the item's own.
  let before = 0
  return items.map((item, index) => {
    const own = byItem.get(index + 1) ?? []
    const firstLine = before + 1
    before += item.lines.length
    return toOutcome(item, own, firstLine)
  })
}

function toOutcome(item: HoldItem, rows: HoldBatchRow[], firstLine: number): Outcome<HoldResult> {
  const row = rows[0]
  if (row === undefined) return { error: new Error(`hold ${item.id}: no answer`) }
  if (row.outcome === 'UNKNOWN_SKU' || row.outcome === 'SHORT') {
    return { error: refusal(item, row.outcome, (row.line ?? firstLine) - firstLine) }
  }
  try {
    // A tombstone has no fingerprint: it is nobody's request.
    if (row.outcome === 'EXISTS' && row.owner !== '') checkFingerprint(row.fingerprint, item.fingerprint)
  } catch (error) {
    return { error }
  }
  const isNew = row.outcome === 'HELD'
  const lines = rows
    .filter((line) => isNew || line.sku !== null)
    .map(({ line, sku, warehouse, quantity, currency, price_minor: amountMinor }) => ({
      ...(isNew ? asAsked(item, (line ?? firstLine) - firstLine) : { sku: sku ?? '', warehouse, quantity }),
      unitPrice: { currency, amountMinor },
    }))
  const known = isNew ? { ...row, owner: item.owner, fingerprint: item.fingerprint } : row
  return { value: { hold: toHold(item.id, known, lines), error: undefined, replayed: !isNew } }
}

function asAsked(item: HoldItem, index: number): { sku: string; warehouse: string; quantity: number } {
  const line = item.lines[index]
  if (line === undefined) throw new Error(`hold ${item.id}: an answer about its line ${index}, which it does not have`)
  return { sku: line.sku, warehouse: line.warehouse, quantity: line.quantity }
}

function refusal(item: HoldItem, outcome: 'UNKNOWN_SKU' | 'SHORT', index: number): HoldfastError {
  const line = item.lines[index]
  const fields = [
    { field: `lines[${index}].sku`, message: outcome === 'SHORT' ? 'not enough stock' : 'there is no such product' },
  ]
  return outcome === 'SHORT'
    ? new HoldfastError('INSUFFICIENT_STOCK', `Not enough stock of ${line?.sku} in ${line?.warehouse}`, { fields })
    : new HoldfastError('NOT_FOUND', `There is no product ${line?.sku}`, { fields })
}

/** @throws INVALID_ARGUMENT for a batch that is empty or too large */
export function checkBatch(field: string, length: number, max: number): void {
  if (length < 1 || length > max) throw invalidField(field, `must be 1 to ${max} items`)
}
