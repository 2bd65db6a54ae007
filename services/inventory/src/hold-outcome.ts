/** What the rows of a batch say to each of its holds: made, there already, or refused. */
import type { HoldItem, HoldResult } from '@holdfast/contracts/inventory'
import { HoldfastError, type Outcome } from '@holdfast/service'

import { type StoredLine, toHoldLines } from './hold-lines'
import type { PlannedLine } from './plan-stock'
import { type HoldBatchRow, toHold } from './sql/holds'
import { checkFingerprint } from './validate'

/** What a line of a hold that is made now asked for: the database does not repeat it. */
export type AskedLine = Pick<PlannedLine, 'sku' | 'warehouse' | 'quantity'> &
  Partial<Pick<PlannedLine, 'bundle' | 'promised' | 'until'>>

/** @param asked the lines of each item as they were sent to the database */
export function toOutcomes(items: HoldItem[], rows: HoldBatchRow[], asked: AskedLine[][]): Outcome<HoldResult>[] {
  const byItem = Map.groupBy(rows, (row) => row.item)
  // Lines are numbered through the whole batch; the first of each item makes them the item's own.
  let before = 0
  return items.map((item, index) => {
    const own = byItem.get(index + 1) ?? []
    const lines = asked[index] ?? []
    const firstLine = before + 1
    before += lines.length
    return toOutcome(item, own, lines, firstLine)
  })
}

function toOutcome(item: HoldItem, rows: HoldBatchRow[], asked: AskedLine[], firstLine: number): Outcome<HoldResult> {
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
    .map((line) => (isNew ? asAsked(item, line, asked, firstLine) : asStored(line)))
  const known = isNew ? { ...row, owner: item.owner, fingerprint: item.fingerprint } : row
  return { value: { hold: toHold(item.id, known, toHoldLines(lines)), error: undefined, replayed: !isNew } }
}

function asAsked(item: HoldItem, row: HoldBatchRow, asked: AskedLine[], firstLine: number): StoredLine {
  const index = (row.line ?? firstLine) - firstLine
  const line = asked[index]
  if (line === undefined) throw new Error(`hold ${item.id}: an answer about its line ${index}, which it does not have`)
  const { sku, warehouse, quantity, bundle, promised = 0, until = null } = line
  const { price_minor, currency } = row
  return { sku, warehouse, quantity, bundle, price_minor, currency, promised, backorder_until: until }
}

function asStored({ sku, bundle, bundle_units: units, promised, ...row }: HoldBatchRow): StoredLine {
  return {
    ...row,
    sku: sku ?? '',
    promised: promised ?? 0,
    bundle: bundle === null ? undefined : { sku: bundle, units: units ?? 0 },
  }
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
