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

/** A part has so many bytes, and what its last row has beyond them: of long rows a whole page may be more than one message takes. */
const partBytes = 256 * 1024

interface Part {
  file: HttpBody
}

export async function* exportProducts({ pool }: Database, signal: AbortSignal): AsyncGenerator<Part> {
  yield* parts([[...productFile.columns]])
  for (let after = ''; !signal.aborted;) {
    const rows = await listProductRows(pool, after, page)
    const last = rows.at(-1)
    if (last === undefined) return
    yield* parts(rows.map((row) => productCells(toProduct(row))))
    after = last.sku
  }
}

export async function* exportStock(
  { pool }: Database,
  { expecting }: ExportStockRequest,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  yield* parts([stockHeader(expecting)])
  for (let after: Place = { sku: '', warehouse: '' }; !signal.aborted;) {
    const rows = await listLevels(pool, after, page)
    const last = rows.at(-1)
    if (last === undefined) return
    yield* parts(rows.map((row) => stockCells(toLevel(row), expecting)))
    after = last
  }
}

function* parts(rows: readonly (readonly string[])[]): Generator<Part> {
  let lines: Buffer[] = []
  let bytes = 0
  for (const row of rows) {
    const line = Buffer.from(writeCsv([row]))
    lines.push(line)
    bytes += line.length
    if (bytes < partBytes) continue
    yield part(lines)
    lines = []
    bytes = 0
  }
  if (lines.length > 0) yield part(lines)
}

function part(lines: readonly Buffer[]): Part {
  return { file: { contentType: 'text/csv; charset=utf-8', data: Buffer.concat(lines), extensions: [] } }
}
