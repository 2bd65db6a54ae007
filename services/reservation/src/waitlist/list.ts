import {
  type ListProductWaitlistRequest,
  type ListProductWaitlistResponse,
  type ListWaitlistEntriesRequest,
  type ListWaitlistEntriesResponse,
  type WaitlistEntry_Status as Status,
} from '@holdfast/contracts/reservation'
import {
  type CallContext,
  checkUuid,
  cutPage,
  decodePageToken,
  encodePageToken,
  invalidField,
  notFound,
  pageSize,
  seesAll,
} from '@holdfast/service'

import { userAskedFor } from '../list'
import type { Parts } from '../parts'
import { checkOne } from '../wanted'
import { type EntryRow, type EntryStatus, type Position, toEntry } from './entry'
import { findEntry, listEntries, listLine, positionOf } from './sql/entries'

const mostEntries = 200
const tokenParts = [/^\d{1,18}$/]

/** @throws NOT_FOUND also for another's */
export async function getEntry(parts: Parts, id: string, ctx: CallContext): Promise<{ row: EntryRow; position: Position }> {
  const checked = checkUuid('id', id)
  const row = await findEntry(parts.database.pool, checked)
  if (row === undefined || !(row.userId === ctx.actor.id || seesAll(ctx))) throw notFound('waitlist entry', checked)
  return { row, position: await positionOf(parts.database.pool, row) }
}

/** Newest first. */
export async function listOwn(
  parts: Parts,
  request: ListWaitlistEntriesRequest,
  ctx: CallContext,
): Promise<ListWaitlistEntriesResponse> {
  const size = pageSize(request.pageSize, mostEntries)
  const filter = {
    userId: userAskedFor(request.userId, ctx),
    status: statusOf(request.status),
    before: placeOf(request.pageToken),
  }
  const rows = await listEntries(parts.database.pool, filter, size + 1)
  const { page, last } = cutPage(rows, size, () => 0)
  return {
    entries: page.map(({ position, ...row }) => toEntry(row, position ?? undefined)),
    nextPageToken: last === undefined ? '' : encodePageToken([last.place]),
  }
}

/** Of one SKU, in the order of its line; those who wait and those to whom it is offered, unless others are asked for. */
export async function listProduct(parts: Parts, request: ListProductWaitlistRequest): Promise<ListProductWaitlistResponse> {
  const size = pageSize(request.pageSize, mostEntries)
  const { sku } = checkOne(request.sku, 1, '')
  const status = statusOf(request.status)
  const statuses: EntryStatus[] = status === undefined ? ['WAITING', 'OFFERED'] : [status]
  const rows = await listLine(parts.database.pool, sku, statuses, placeOf(request.pageToken) ?? 0n, size + 1)
  const { page, last } = cutPage(rows, size, () => 0)
  return {
    places: page.map(({ position, ageSeconds, ...row }) => ({ entry: toEntry(row, position ?? undefined), ageSeconds })),
    nextPageToken: last === undefined ? '' : encodePageToken([last.place]),
  }
}

function statusOf(status: Status): EntryStatus | undefined {
  if (status === 'STATUS_UNSPECIFIED') return undefined
  if (status === 'UNRECOGNIZED') throw invalidField('status', 'is no status of a waitlist entry')
  return status
}

function placeOf(pageToken: string): bigint | undefined {
  const [place] = decodePageToken(pageToken, tokenParts) ?? []
  return place === undefined ? undefined : BigInt(place)
}
