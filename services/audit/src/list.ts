import { type AuditRecord, type ListAuditRecordsRequest, type ListAuditRecordsResponse } from '@holdfast/contracts/audit'
import { actor_RoleFromJSON } from '@holdfast/contracts/common'
import {
  checkTime,
  cutPage,
  type Database,
  databaseError,
  decodePageToken,
  encodePageToken,
  invalidField,
  notFound,
  pageSize,
} from '@holdfast/service'

import type { ChainedRecord } from './record-hash'
import { findRecord, listRecords } from './sql/list-records'

const maxPageSize = 500

/** Newest first or oldest first, by any combination of filters. New records do not shift the pages: the token names the last one seen. */
export async function list(database: Database, request: ListAuditRecordsRequest): Promise<ListAuditRecordsResponse> {
  const from = request.after && checkTime('after', request.after)
  const to = request.before && checkTime('before', request.before)
  if (from !== undefined && to !== undefined && from >= to) throw invalidField('before', 'must be later than "after"')
  const size = pageSize(request.pageSize, maxPageSize)
  const lastSeen = decodePageToken(request.pageToken, [/^\d{1,18}$/])?.[0]
  const filter = {
    action: given(request.action),
    objectType: given(request.objectType),
    objectId: given(request.objectId),
    actorId: given(request.actorId),
    requestId: given(request.requestId),
    from,
    to,
    lastSeen: lastSeen === undefined ? undefined : BigInt(lastSeen),
  }
  const rows = await asOurs(listRecords(database.pool, filter, request.oldestFirst ? 'asc' : 'desc', size + 1))
  const { page, last } = cutPage(rows, size, ({ before, after }) => Buffer.byteLength(JSON.stringify([before, after])))
  return { records: page.map(toMessage), nextPageToken: last === undefined ? '' : encodePageToken([last.sequence]) }
}

/** @throws NOT_FOUND */
export async function get(database: Database, sequence: bigint): Promise<AuditRecord> {
  if (sequence <= 0n) throw invalidField('sequence', 'must be 1 or more')
  const row = await asOurs(findRecord(database.pool, sequence))
  if (row === undefined) throw notFound('audit record', sequence.toString())
  return toMessage(row)
}

function toMessage({ actorId, actorRole, before, after, ...rest }: ChainedRecord): AuditRecord {
  return {
    ...rest,
    actor: { id: actorId, role: actor_RoleFromJSON(actorRole) },
    before: before ?? undefined,
    after: after ?? undefined,
  }
}

/** proto3 has no absent string: an empty one asks for nothing. NUL is in no text of PostgreSQL's, so nothing matches it. */
function given(text: string): string | undefined {
  return text === '' ? undefined : text.replaceAll('\0', '\ufffd')
}

async function asOurs<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    throw databaseError(error)
  }
}
