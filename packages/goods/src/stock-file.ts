/** Stock levels as rows: docs/import-export.md says what the columns mean. */
import type { StockLevel } from '@holdfast/contracts/inventory'

import { orNone, readWhole } from './cells'
import { checkSku, checkUnits, checkWarehouse } from './fields'
import type { FileKind } from './file-kind'

/** What a row says of a level; undefined: nothing. In units. */
export interface StockRow {
  sku: string
  warehouse: string
  /** All that are there, damaged and held back for quality among them. */
  onHand?: number
  /** The level has to have so many on hand; null: as many as it likes. */
  expectedOnHand?: number | null
  damaged?: number
  quality?: number
  safety?: number
  /** By how many sellable units it changes, in the place of a number that it becomes. */
  delta?: number
}

const columns = ['sku', 'warehouse', 'on_hand', 'expected_on_hand', 'damaged', 'quality', 'safety', 'delta'] as const
/** Those of an export; it says what to expect where that is asked for. */
const exported = ['sku', 'warehouse', 'on_hand', 'damaged', 'quality', 'safety'] as const

export const stockFile: FileKind<StockRow> = {
  name: 'stock',
  columns,
  whyNot: (columns) => {
    if (!columns.has('warehouse')) return 'the column warehouse is missing'
    if (columns.has('delta') && ['on_hand', 'expected_on_hand', 'damaged', 'quality'].some((name) => columns.has(name))) {
      return 'delta says by how many, the others to what: they do not go together'
    }
    if (columns.has('expected_on_hand') && !columns.has('on_hand')) return 'expected_on_hand needs on_hand beside it'
    return columns.size === 2 ? 'there is nothing but SKUs and warehouses' : undefined
  },
  readRow: (cells) => {
    const units = (column: string) => cells.read(column, (text) => checkUnits(column, readWhole(column, text), 0))
    const row: StockRow = {
      sku: cells.read('sku', (text) => checkSku('sku', text)) ?? '',
      warehouse: cells.read('warehouse', (text) => checkWarehouse('warehouse', text)) ?? '',
      onHand: units('on_hand'),
      expectedOnHand: cells.read(
        'expected_on_hand',
        orNone((text) => checkUnits('expected_on_hand', readWhole('expected_on_hand', text), 0)),
      ),
      damaged: units('damaged'),
      quality: units('quality'),
      safety: units('safety'),
      delta: cells.read('delta', (text) => {
        const delta = readWhole('delta', text)
        checkUnits('delta', Math.abs(delta), 0)
        return delta
      }),
    }
    const withheld = (row.damaged ?? 0) + (row.quality ?? 0)
    if (row.onHand !== undefined && withheld > row.onHand)
      cells.note('on_hand', `is less than the ${withheld} units in other states`)
    return row
  },
  keyOf: ({ sku, warehouse }) => `${sku} in ${warehouse}`,
}

/** @param expecting with `expected_on_hand`, so that the file can be edited and imported only where nothing has moved since */
export function stockHeader(expecting: boolean): string[] {
  return expecting ? [...exported, 'expected_on_hand'] : [...exported]
}

/** The cells of {@link stockHeader}. */
export function stockCells(level: StockLevel, expecting: boolean): string[] {
  const { sku, warehouse, onHand, damaged, quality, safety } = level
  const units = [onHand, damaged, quality, safety, ...(expecting ? [onHand] : [])]
  return [sku, warehouse, ...units.map(String)]
}
