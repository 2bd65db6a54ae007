/** The ways out of HELD, and the moves of its end: each is one batch function of the database behind one queue. */
import type { Hold, HoldResult } from '@holdfast/contracts/inventory'
import {
  Combiner,
  type CombinerOptions,
  type Database,
  databaseError,
  type ErrorCode,
  faultPoint,
  HoldfastError,
  notFound,
  toItemError,
} from '@holdfast/service'

import { findArchivedHolds } from './sql/archive'
import { buryHolds, endHolds, type EndRow, type HoldEnd, type HoldProlongation, prolongHolds, toHold } from './sql/holds'
import { findHoldsWithLines } from './sql/lines'

export interface EndOptions extends Pick<CombinerOptions<EndItem, EndAnswer>, 'yieldTo'> {
  database: Database
  published: () => void
  mayFill: () => void
  /** Of the queue; `commits`, `releases` or `expiries`. */
  name?: string
  /** Most in one batch; 1,000. */
  maxItems?: CombinerOptions<EndItem, EndAnswer>['maxItems']
}

export interface EndItem extends HoldEnd {
  requestId: string
}

export interface EndAnswer {
  result: HoldResult
  /** The database's clock when it was decided. */
  now: Date
}

type EndKind = 'COMMIT' | 'RELEASE' | 'EXPIRE'

const names = { COMMIT: 'commits', RELEASE: 'releases', EXPIRE: 'expires' }
const reached = { COMMIT: 'COMMITTED', RELEASE: 'RELEASED', EXPIRE: 'EXPIRED' } as const

/** A queue for one way out of HELD. Answers carry the hold as it is; `error` says why it was not ended. */
export function createEndCombiner(kind: EndKind, options: EndOptions): Combiner<EndItem, EndAnswer> {
  return new Combiner({
    name: options.name ?? names[kind],
    run: async (items) => {
      const rows = await runBatch(async () => end(kind, items, options))
      if (rows.some((row) => row.outcome === 'DONE')) {
        options.published()
        if (kind !== 'COMMIT') options.mayFill()
      }
      await faultPoint('inventory.ended')
      const withLines = await holdsWithOtherLines(options.database, items, rows)
      const repeats = new Set<string>()
      return items.map((item, index) => {
        const repeated = repeats.has(item.id)
        repeats.add(item.id)
        return { value: toAnswer(kind, item, rows[index], repeated, withLines) }
      })
    },
    maxItems: options.maxItems ?? 1_000,
    maxQueue: 50_000,
    yieldTo: options.yieldTo,
  })
}

/** A queue for extensions and for payments' protection. */
export function createProlongCombiner(name: string, options: EndOptions): Combiner<HoldProlongation, EndAnswer> {
  return new Combiner({
    name,
    run: async (items) => {
      const rows = await runBatch(async () =>
        withArchived(options.database, items, await prolongHolds(options.database.pool, items)),
      )
      await faultPoint('inventory.protected')
      const withLines = await holdsWithOtherLines(options.database, items, rows)
      return items.map((item, index) => ({ value: toAnswer('PROLONG', item, rows[index], false, withLines) }))
    },
    maxItems: 1_000,
    maxQueue: 50_000,
  })
}

async function runBatch<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw databaseError(error)
  }
}

async function end(kind: EndKind, items: EndItem[], { database }: EndOptions): Promise<EndRow[]> {
  const requestId = items[0]?.requestId ?? ''
  const rows = await withArchived(database, items, await endHolds(database.pool, kind, items, requestId))
  const unknown = items.filter((_, index) => rows[index]?.outcome === 'UNKNOWN')
  if (kind !== 'RELEASE' || unknown.length === 0) return rows
  // A tombstone for each, in a transaction that locks no stock (see the lock order in 0012); then they answer as they are:
  // buried, or held in the meantime and released now.
  await buryHolds(
    database.pool,
    unknown.map(({ id }) => id),
  )
  const again = (await endHolds(database.pool, kind, unknown, requestId)).values()
  return rows.map((row) => (row.outcome === 'UNKNOWN' ? (again.next().value ?? row) : row))
}

/** What is not among the live holds may have ended long ago: then it answers as it was archived. */
async function withArchived(database: Database, items: { id: string }[], rows: EndRow[]): Promise<EndRow[]> {
  const unknown = items.filter((_, index) => rows[index]?.outcome === 'UNKNOWN').map(({ id }) => id)
  if (unknown.length === 0) return rows
  const archived = await findArchivedHolds(database.pool, unknown)
  return rows.map((row, index) => {
    const known = row.outcome === 'UNKNOWN' ? archived.get(items[index]?.id ?? '') : undefined
    return known === undefined ? row : { ...row, ...known, outcome: 'AS_IS' }
  })
}

/**
 * Holds whose lines may not be those that they were made with, or of which units may have arrived: an answer about one brings them, so that
 * whoever has missed a change has them now. Read after the decision, as they are now; hardly any hold is one of them.
 */
async function holdsWithOtherLines(database: Database, items: { id: string }[], rows: EndRow[]): Promise<Map<string, Hold>> {
  const mayHaveOthers = (row: EndRow | undefined): boolean => (row?.lines_version ?? 1) > 1 || (row?.fills ?? null) !== null
  const changed = items.filter((_, index) => mayHaveOthers(rows[index])).map(({ id }) => id)
  return changed.length === 0 ? new Map() : runBatch(async () => findHoldsWithLines(database.pool, changed))
}

function toAnswer(
  kind: EndKind | 'PROLONG',
  { id, linesVersion }: { id: string; linesVersion?: number | undefined },
  row: EndRow | undefined,
  repeated: boolean,
  withLines: Map<string, Hold>,
): EndAnswer {
  if (row === undefined) throw new Error(`hold ${id}: no answer`)
  if (row.outcome === 'UNKNOWN') {
    return { result: { hold: undefined, error: toItemError(notFound('hold', id)), replayed: false }, now: row.now }
  }
  const hold = withLines.get(id) ?? toHold(id, row)
  const otherLines =
    linesVersion !== undefined && row.lines_version !== linesVersion && row.state === 'HELD' && row.expires_at > row.now
  // A protection that finds other lines than it is for keeps them as they are until whoever asked for it ends it.
  if (otherLines) return { result: { hold, error: toItemError(linesChanged()), replayed: false }, now: row.now }
  if (row.outcome === 'DONE') return { result: { hold, error: undefined, replayed: repeated }, now: row.now }
  const done = kind !== 'PROLONG' && row.state === reached[kind]
  // Expire asks what a hold is as much as it ends it: whatever it is, is an answer.
  const error = done || kind === 'EXPIRE' ? undefined : toItemError(whyNot(kind, row.state))
  return { result: { hold, error, replayed: done }, now: row.now }
}

function linesChanged(): HoldfastError {
  return new HoldfastError('PRECONDITION_FAILED', 'The lines of this reservation are not those that are to be paid')
}

/** Why a hold in this state, HELD included, was not ended, prolonged or changed. */
export function whyNot(kind: EndKind | 'PROLONG', state: string): HoldfastError {
  const [code, message]: [ErrorCode, string] =
    state === 'EXPIRED' || (state === 'HELD' && kind !== 'RELEASE')
      ? ['RESERVATION_EXPIRED', 'The time of this reservation is over']
      : state === 'HELD'
        ? ['PAYMENT_IN_PROGRESS', 'A payment is under way for this reservation']
        : ['RESERVATION_NOT_ACTIVE', `This reservation is ${state.toLowerCase()}`]
  return new HoldfastError(code, message)
}
