import type { GetStockHistoryRequest, GetStockHistoryResponse } from '@holdfast/contracts/inventory'
import { type Database, decodePageToken, encodePageToken, notFound, pageSize } from '@holdfast/service'

import { listMovements, toMovement } from './sql/ledger'
import { findProduct } from './sql/products'
import { checkSku, checkWarehouse } from './validate'

/** The ledger of one product, newest first. */
export async function getStockHistory(database: Database, request: GetStockHistoryRequest): Promise<GetStockHistoryResponse> {
  const sku = checkSku('sku', request.sku)
  const warehouse = request.warehouse === '' ? '' : checkWarehouse('warehouse', request.warehouse)
  const limit = pageSize(request.pageSize, 500)
  const [before] = decodePageToken(request.pageToken, [/^\d{1,18}$/]) ?? []
  if ((await findProduct(database.pool, sku)) === undefined) throw notFound('product', sku)
  const rows = await listMovements(database.pool, sku, warehouse, before, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    movements: page.map(toMovement),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.place]) : '',
  }
}
