/** Changing how many units a hold has, in place: what is held stays held (docs/decisions/034). */
import type { ChangeHoldLine, ChangeHoldRequest, HoldResult } from '@holdfast/contracts/inventory'
import {
  type CallContext,
  checkUuid,
  Combiner,
  type Database,
  databaseError,
  faultPoint,
  HoldfastError,
  invalidField,
  isUniqueViolation,
  notFound,
  toItemError,
} from '@holdfast/service'

import { limitExceeded } from './claims'
import { whyNot } from './end-holds'
import { endHolds, findDueHolds } from './sql/holds'
import { changeLines, type ChangeRow, findHoldsWithLines, type HoldChange } from './sql/lines'
import { checkBatch, checkSku, checkUnits, checkWarehouse, mostLines } from './validate'

export interface ChangesOptions {
  database: Database
  /** Called after each commit that wrote events. */
  published: () => void
  /** Called after each commit by which units may be free that were promised to somebody. */
  mayFill: () => void
  /** Units of each product that a shopper may have, where it does not say otherwise; 0: no limit. */
  limit: number
  /** Who pays or gives back goes first. */
  yieldTo: { turn: () => Promise<void> }
}

/** Changes are transactions of their own, so many at once: they are few, and each locks one hold and the levels of what it changes. */
const atOnce = 8
/** Rounds of taking due holds back and asking again; in each, so many units more are taken back than are missing. */
const mostRounds = 10
const moreEachRound = 50
/** Due holds of one level that are taken back for one change at most. */
const mostDueAtOnce = 1_000

export function createChanges(options: ChangesOptions): Combiner<HoldChange, HoldResult> {
  return new Combiner<HoldChange, HoldResult>({
    name: 'changes of holds',
    run: async (items) => Promise.all(items.map(async (item) => ({ value: await change(item, options) }))),
    maxItems: 1,
    maxQueue: 10_000,
    concurrency: atOnce,
    yieldTo: options.yieldTo,
  })
}

/** @throws INVALID_ARGUMENT */
export function checkChange(request: ChangeHoldRequest, ctx: CallContext): HoldChange {
  return {
    id: checkUuid('id', request.id),
    lines: checkLines(request.lines, request.giveBack ? 1 : 0),
    giveBack: request.giveBack,
    linesVersion: request.linesVersion === 0 ? undefined : request.linesVersion,
    operationId: request.operationId === '' ? undefined : checkUuid('operationId', request.operationId),
    fingerprint: request.fingerprint,
    requestId: ctx.requestId,
  }
}

/** @param least units of a line @throws INVALID_ARGUMENT */
export function checkLines(lines: ChangeHoldLine[], least: number): ChangeHoldLine[] {
  checkBatch('lines', lines.length, mostLines)
  const seen = new Set<string>()
  return lines.map((line, index) => {
    const sku = checkSku(`lines[${index}].sku`, line.sku)
    const warehouse = line.warehouse === '' ? '' : checkWarehouse(`lines[${index}].warehouse`, line.warehouse)
    // What is wanted of a SKU as a whole and of it in one place can't both be meant.
    const clash = [`${sku}/${warehouse}`, `${sku}/`].some((one) => seen.has(one)) || (warehouse === '' && seen.has(sku))
    if (clash) throw invalidField(`lines[${index}].sku`, 'is named twice')
    seen.add(sku).add(`${sku}/${warehouse}`)
    return { sku, warehouse, quantity: checkUnits(`lines[${index}].quantity`, line.quantity, least) }
  })
}

async function change(item: HoldChange, { database, published, mayFill, limit }: ChangesOptions): Promise<HoldResult> {
  const { pool } = database
  try {
    let rows = await changeLines(pool, item, { mostLines, limit, final: false })
    for (let round = 0; rows[0]?.outcome === 'DUE_FIRST'; round++) {
      await expireDue(pool, rows, round * moreEachRound, item.requestId)
      published()
      mayFill()
      rows = await changeLines(pool, item, { mostLines, limit, final: round >= mostRounds })
    }
    const [row] = rows
    if (row === undefined) throw new Error(`hold ${item.id}: no answer`)
    if (row.outcome === 'DONE') {
      published()
      mayFill()
    }
    await faultPoint('inventory.changed')
    // As it is now, which may be later than it was changed: what is newer is always the better answer.
    const hold = (await findHoldsWithLines(pool, [item.id])).get(item.id)
    const error = refusal(item, row, hold?.state ?? '')
    return { hold, error: error && toItemError(error), replayed: row.outcome === 'KNOWN' }
  } catch (error) {
    if (isUniqueViolation(error)) return { hold: undefined, error: toItemError(keyReused()), replayed: false }
    throw databaseError(error)
  }
}

/** Truth 11: what is due is taken back before a raise is refused, in a transaction of its own, by the sweeper's statement. */
async function expireDue(pool: Database['pool'], rows: ChangeRow[], more: number, requestId: string): Promise<void> {
  const named = rows.flatMap(({ hold_id: id }) => id ?? [])
  const demand = rows
    .filter(({ hold_id: id }) => id === null)
    .map(({ sku, warehouse, units }) => ({ sku: sku ?? '', warehouse: warehouse ?? '', units: (units ?? 0) + more }))
  const ids = [...named, ...(demand.length === 0 ? [] : await findDueHolds(pool, demand, mostDueAtOnce))]
  const ends = ids.map((id) => ({ id, endProtection: false }))
  if (ends.length > 0) await endHolds(pool, 'EXPIRE', ends, requestId)
}

function refusal({ id, lines }: HoldChange, { outcome, line, units, most }: ChangeRow, state: string): HoldfastError | undefined {
  const index = (line ?? 1) - 1
  const { sku = '', warehouse = '' } = lines[index] ?? {}
  const about = (message: string, field = 'sku') => ({ fields: [{ field: `lines[${index}].${field}`, message }] })
  switch (outcome) {
    case 'DONE':
    case 'KNOWN':
      return undefined
    case 'UNKNOWN':
      // In the archive it has ended long ago.
      return state === '' ? notFound('hold', id) : whyNot('PROLONG', state)
    case 'AS_IS':
      return whyNot('PROLONG', state)
    case 'PROTECTED':
      return new HoldfastError('PAYMENT_IN_PROGRESS', 'A payment is under way for this reservation')
    case 'CONFLICT':
      return new HoldfastError('CONFLICT', 'The lines of this reservation were changed meanwhile')
    case 'REUSED':
      return keyReused()
    case 'TOO_FEW':
      return new HoldfastError(
        'INVALID_ARGUMENT',
        `This reservation has fewer units of ${sku} than that`,
        about('are more than it has', 'quantity'),
      )
    case 'TOO_MANY':
      return invalidField('lines', `would come to more than ${mostLines} lines`)
    case 'UNKNOWN_SKU':
      return new HoldfastError('NOT_FOUND', `There is no product ${sku}`, about('there is no such product'))
    case 'LIMIT':
      return limitExceeded(most ?? 0, sku, units ?? 0, index)
    case 'RULES':
      return new HoldfastError(
        'ILLEGAL_TRANSITION',
        `${sku} has rules of its own (a bundle, a backorder, a waitlist): its units can't be changed in place; reserve more of it anew`,
        about('can not be changed in place'),
      )
    case 'SHORT':
    case 'DUE_FIRST':
      return new HoldfastError(
        'INSUFFICIENT_STOCK',
        `Not enough stock of ${sku}${warehouse === '' ? '' : ` in ${warehouse}`}; the reservation stays as it was`,
        about('not enough stock'),
      )
  }
}

export function keyReused(): HoldfastError {
  return new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another request')
}
