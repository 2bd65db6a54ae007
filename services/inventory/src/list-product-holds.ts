import {
  type ListProductHoldsRequest,
  type ListProductHoldsResponse,
  type ProductHold,
  ProductHold_State as State,
} from '@holdfast/contracts/inventory'
import { type Database, decodePageToken, encodePageToken, invalidField, notFound, pageSize } from '@holdfast/service'

import { listProductHoldRows, type ProductHoldRow, readClock } from './sql/product-holds'
import { findProduct } from './sql/products'
import { checkSku, checkWarehouse } from './validate'

const cursorParts = [/^\d{1,18}$/, /^[A-Z0-9_-]{1,32}$/, /^[0-9a-f-]{36}$/, /^\d{1,9}$/]

/** Who holds units of a product, and since when: also holds past their time that the sweeper has not ended yet. */
export async function listProductHolds(database: Database, request: ListProductHoldsRequest): Promise<ListProductHoldsResponse> {
  const sku = checkSku('sku', request.sku)
  const warehouse = request.warehouse === '' ? '' : checkWarehouse('warehouse', request.warehouse)
  const limit = pageSize(request.pageSize, 1_000)
  const lapsed = wantedOf(request.state)
  const [cursor, place, holdId, line] = decodePageToken(request.pageToken, cursorParts) ?? []
  const begins = cursor !== undefined && place !== undefined && holdId !== undefined && line !== undefined
  const after = begins ? { cursor, warehouse: place, holdId, line } : undefined
  if ((await findProduct(database.pool, sku)) === undefined) throw notFound('product', sku)
  const rows = await listProductHoldRows(database.pool, { sku, warehouse, lapsed, after, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    holds: page.map(toProductHold),
    nextPageToken:
      rows.length > limit && last !== undefined
        ? encodePageToken([last.cursor, last.warehouse, last.hold_id, String(last.line)])
        : '',
    now: last?.now ?? (await readClock(database.pool)),
  }
}

/** @returns whether those past their time are wanted, or the others; undefined: both */
function wantedOf(state: State): boolean | undefined {
  if (state === State.STATE_UNSPECIFIED) return undefined
  if (state !== State.LIVE && state !== State.LAPSED) throw invalidField('state', 'must be LIVE or LAPSED')
  return state === State.LAPSED
}

function toProductHold(row: ProductHoldRow): ProductHold {
  return {
    holdId: row.hold_id,
    userId: row.owner,
    warehouse: row.warehouse,
    quantity: row.quantity,
    state: row.lapsed ? State.LAPSED : State.LIVE,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ageSeconds: row.age_seconds,
    secondsLeft: row.seconds_left,
    protected: row.protected,
    promised: row.promised,
    bundle: row.bundle,
  }
}
