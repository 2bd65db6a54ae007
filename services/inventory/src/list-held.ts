import type { ListHeldRequest, ListHeldResponse } from '@holdfast/contracts/inventory'
import { type Database, decodePageToken, encodePageToken, pageSize } from '@holdfast/service'

import { listHeldRows, toHold } from './sql/holds'
import { checkUnits } from './validate'

/** HELD holds of at least an age, oldest first: where the sweeper looks for those without a reservation. */
export async function listHeld(database: Database, request: ListHeldRequest): Promise<ListHeldResponse> {
  const minAgeMs = checkUnits('minAgeMs', request.minAgeMs, 0)
  const limit = pageSize(request.pageSize, 1_000, 500)
  const [createdAt, id] = decodePageToken(request.pageToken, [/^\d{1,18}$/, /^[0-9a-f-]{36}$/]) ?? []
  const after = createdAt === undefined || id === undefined ? undefined : { createdAt, id }
  const rows = await listHeldRows(database.pool, minAgeMs, after, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    holds: page.map((row) => toHold(row.id, row)),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.cursor, last.id]) : '',
  }
}
