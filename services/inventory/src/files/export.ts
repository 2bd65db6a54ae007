/** The catalogue and the stock as CSV, page by page as it is read: docs/decisions/037. */
import type { HttpBody } from '@holdfast/contracts'
import type { ExportStockRequest } from '@holdfast/contracts/inventory'
import { productCells, productFile, stockCells, stockHeader, writeCsv } from '@holdfast/goods'
import type { Database } from '@holdfast/service'

import { listLevels } from '../sql/import-stock'
import { toLevel } from '../sql/levels'
import type { Place } from '../sql/move-units'
import { listProductRows, toProduct } from '../sql/products'

/** Rows read at a time. */
const page = 1_000

interface Part {
  file: HttpBody
}

export async function* exportProducts({ pool }: Database, signal: AbortSignal): AsyncGenerator<Part> {
  yield part([[...productFile.columns]])
  for (let after = ''; !signal.aborted;) {
    const rows = await listProductRows(pool, after, page)
    const last = rows.at(-1)
    if (last === undefined) return
    yield part(rows.map((row) => productCells(toProduct(row))))
    after = last.sku
  }
}

export async function* exportStock(
  { pool }: Database,
  { expecting }: ExportStockRequest,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  yield part([stockHeader(expecting)])
  for (let after: Place = { sku: '', warehouse: '' }; !signal.aborted;) {
    const rows = await listLevels(pool, after, page)
    const last = rows.at(-1)
    if (last === undefined) return
    yield part(rows.map((row) => stockCells(toLevel(row), expecting)))
    after = last
  }
}

function part(rows: readonly (readonly string[])[]): Part {
  return { file: { contentType: 'text/csv; charset=utf-8', data: Buffer.from(writeCsv(rows)), extensions: [] } }
}
