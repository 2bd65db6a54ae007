import { randomUUID } from 'node:crypto'

import { type ImportStockRequest, type ImportStockResponse, SafetyStockSet, StockAdjusted } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CellProblem, type CsvRow, mostUnits, stockFile, type StockRow } from '@holdfast/goods'
import type { CallContext } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

import { dueFirst, type Freeing } from '../due-first'
import { findWarehouses, nextPlaces, readLevels, setSafeties } from '../sql/import-stock'
import { type LedgerRow, type NewMovement, toMovement } from '../sql/ledger'
import { type LevelRow, toLevel } from '../sql/levels'
import { type Levels, lockPlaces, moveUnits, type Place } from '../sql/move-units'
import { findKinds } from '../sql/products'
import { checkReasonCode } from '../stock-state'
import { checkText } from '../validate'
import { importOnce, keyOf, type Outcome, readImport, refuseRows } from './import-file'
import { type Misfit, planStock, type StockChange } from './plan-stock'

type Rows = readonly CsvRow<StockRow>[]

/** What is said of every movement. */
interface Cause {
  reason: string
  reasonCode: string
  reference: string
}

/**
 * Sets or moves the units of levels as the rows say, all of them or none. Each movement is an adjustment in the ledger and leaves its own event, as if it
 * had been done by hand.
 * @throws INVALID_ARGUMENT, CONFLICT or INSUFFICIENT_STOCK, which name the cells that are wrong
 */
export async function importStock(
  inventory: Freeing,
  request: ImportStockRequest,
  ctx: CallContext,
): Promise<ImportStockResponse> {
  const rows = await readImport(request.file, stockFile)
  const cause = {
    reason: checkText('reason', request.reason, 0, 500) || 'CSV import',
    reasonCode: checkReasonCode('reasonCode', request.reasonCode),
    reference: checkText('reference', request.reference, 0, 200),
  }
  const key = keyOf('import-stock', request, [cause.reason, cause.reasonCode, cause.reference], ctx)
  const { database } = inventory
  if (request.validateOnly) {
    const { changed, unchanged } = await look(database.pool, rows)
    return { changed, unchanged, requestId: ctx.requestId, replayed: false }
  }
  // Units of due holds are free (truth 11): where a row would be refused, they are taken back first. How many it lacks is known under the locks only.
  const demand = rows.map(({ row: { sku, warehouse } }) => ({ sku, warehouse, units: mostUnits }))
  const { changed, unchanged, replayed } = await dueFirst(inventory, demand, ctx, async () =>
    database.transaction(async (client) => importOnce(client, key, async () => write(client, rows, cause, ctx))),
  )
  return { changed, unchanged, requestId: ctx.requestId, replayed }
}

/** What it would come to now. Locks and writes nothing. */
async function look(pool: Pool, rows: Rows): Promise<Outcome> {
  await checkPlaces(pool, rows)
  return outcomeOf(planned(rows, await readLevels(pool, placesOf(rows))))
}

/** Locks: the levels, by (sku, warehouse). */
async function write(client: PoolClient, rows: Rows, cause: Cause, ctx: CallContext): Promise<Outcome> {
  await checkPlaces(client, rows)
  const levels = await lockPlaces(client, placesOf(rows))
  const plan = planned(rows, levels)
  const now = new Map(plan.map(({ place }) => [keyOfPlace(place), levels.at(place)]))
  const movements = plan.flatMap(({ place, change }) => movementsOf(place, change, cause))
  if (movements.length > 0) {
    const { written } = await moveUnits(client, movements, ctx)
    await tellAdjusted(client, written, now, ctx)
  }
  const safeties = plan.flatMap(({ place, change }) => (change.safety === undefined ? [] : [{ ...place, units: change.safety }]))
  if (safeties.length > 0) {
    const places = await nextPlaces(client, safeties.length)
    const events = (await setSafeties(client, safeties, ctx.requestId)).map((after, index) => {
      const [before, data] = [levels.at(after), toLevel(after)]
      return createEvent({
        type: 'holdfast.safety_stock.set.v1',
        // Its units may have moved just before.
        data: SafetyStockSet.toJSON({ before: { ...data, safety: before.safety }, after: data }),
        key: after.sku,
        subject: `${after.sku}/${after.warehouse}`,
        version: places[index] ?? 0n,
        ctx,
      })
    })
    await appendEvents(client, events)
  }
  return outcomeOf(plan)
}

const placesOf = (rows: Rows): Place[] => rows.map(({ row: { sku, warehouse } }) => ({ sku, warehouse }))
const keyOfPlace = ({ sku, warehouse }: Place): string => `${sku}/${warehouse}`

/** Rows of products and warehouses that there are not, or of bundles, which have no stock of their own. */
async function checkPlaces(db: Pool | PoolClient, rows: Rows): Promise<void> {
  const kinds = await findKinds(db, [...new Set(rows.map(({ row }) => row.sku))])
  const warehouses = await findWarehouses(db, [...new Set(rows.map(({ row }) => row.warehouse))])
  const problems = rows.flatMap(({ line, row: { sku, warehouse } }): CellProblem[] => {
    const bundle = kinds.get(sku)
    if (bundle === undefined) return [{ line, column: 'sku', message: `there is no product ${sku}` }]
    if (bundle) return [{ line, column: 'sku', message: `${sku} is a bundle: its parts have the stock` }]
    return warehouses.has(warehouse) ? [] : [{ line, column: 'warehouse', message: `there is no warehouse ${warehouse}` }]
  })
  refuseRows(problems)
}

interface Planned {
  place: Place
  change: StockChange
}

/** @throws the worst that is wrong with them: what is no matter of the moment first */
function planned(rows: Rows, levels: Levels): Planned[] {
  const misfits: (CellProblem & Pick<Misfit, 'code'>)[] = []
  const plan = rows.flatMap(({ line, row }): Planned[] => {
    const change = planStock(row, levels.at(row))
    if (!('code' in change)) return [{ place: { sku: row.sku, warehouse: row.warehouse }, change }]
    misfits.push({ line, ...change })
    return []
  })
  const code = (['INVALID_ARGUMENT', 'CONFLICT', 'INSUFFICIENT_STOCK'] as const).find((code) =>
    misfits.some((misfit) => misfit.code === code),
  )
  refuseRows(misfits, code)
  return plan
}

function movementsOf(place: Place, { states }: StockChange, cause: Cause): NewMovement[] {
  return states.map(({ state, by }) => ({
    id: randomUUID(),
    ...place,
    ...cause,
    kind: 'ADJUSTMENT',
    quantity: Math.abs(by),
    ...(by > 0 ? { from: 'VARIANCE', to: state } : { from: state, to: 'VARIANCE' }),
  }))
}

/** @param now the levels as they were; each goes along with its movements, so that an event has what was before it and after */
async function tellAdjusted(
  client: PoolClient,
  written: LedgerRow[],
  now: Map<string, LevelRow>,
  ctx: CallContext,
): Promise<void> {
  const inOrder = written.sort((a, b) => Number(a.place - b.place))
  const events = inOrder.map((row) => {
    const before = now.get(keyOfPlace(row))
    if (before === undefined) throw new Error(`a movement of ${keyOfPlace(row)}, which was not asked for`)
    const after = moved(before, row)
    now.set(keyOfPlace(row), after)
    const data = StockAdjusted.toJSON({ before: toLevel(before), after: toLevel(after), movement: toMovement(row) })
    const { sku, place: version } = row
    return createEvent({ type: 'holdfast.stock.adjusted.v1', data, key: sku, subject: sku, version, ctx })
  })
  await appendEvents(client, events)
}

function moved(level: LevelRow, { delta, from_account: from, to_account: to }: LedgerRow): LevelRow {
  const state = delta > 0 ? to : from
  return {
    ...level,
    on_hand: level.on_hand + delta,
    damaged: level.damaged + (state === 'DAMAGED' ? delta : 0),
    quality: level.quality + (state === 'QUALITY' ? delta : 0),
    free: level.free + (state === 'SELLABLE' ? delta : 0),
  }
}

function outcomeOf(plan: readonly Planned[]): Outcome {
  const changed = plan.filter(({ change }) => change.states.length > 0 || change.safety !== undefined).length
  return { created: 0, changed, unchanged: plan.length - changed }
}
