import type { Api } from '@holdfast/testing'

import { type Call, isAbout, type Operation } from '../workload/history'
import type { Check, Evidence } from './check'
import { rowsOf } from './queries'

interface AuditRecord {
  sequence: string
  action: string
  objectType: string
  objectId: string
  requestId: string
  eventId: string
}

/** Every version of every row is one record, in the log once, and the log is whole. */
export const audit: Check = {
  name: 'one audit record for each change',
  run: async (evidence) => {
    const { admin } = evidence
    const records = await allRecords(admin)
    const byObject = Map.groupBy(records, ({ objectType, objectId }) => `${objectType} ${objectId}`)
    const verified = (await admin.get<{ valid: boolean }>('/v1/audit:verify')).body
    const problems = [
      ...(verified.valid ? [] : [`the log is not whole: ${JSON.stringify(verified)}`]),
      ...(await versions(evidence)).flatMap(({ object, version }) => {
        const count = byObject.get(object)?.length ?? 0
        return count === version
          ? []
          : [`${object} has version ${version}, and ${count} records: ${actions(byObject.get(object))}`]
      }),
      ...[...byObject].flatMap(([object, ofObject]) => endedTwice(object, ofObject)),
      ...repeated(records),
      ...answeredWithout(evidence, records),
    ]
    return { looked: `${records.length} records`, problems }
  },
}

/** Rows whose version grows by one with each record. */
async function versions({ cluster }: Evidence): Promise<{ object: string; version: number }[]> {
  return [
    ...(await rowsOf<{ object: string; version: number }>(
      cluster,
      'reservation',
      `select 'reservation ' || id as object, version from reservations where status <> 'ABANDONED'
       union all select 'waitlist_entry ' || id, version from waitlist_entries`,
    )),
    ...(await rowsOf<{ object: string; version: number }>(
      cluster,
      'order',
      `select 'order ' || id as object, version from orders`,
    )),
  ]
}

/** What leaves HELD leaves it once, and an order is confirmed and cancelled once. */
const once = new Map([
  ['reservation.created', 'made'],
  ['reservation.committed', 'ended'],
  ['reservation.cancelled', 'ended'],
  ['reservation.expired', 'ended'],
  ['order.confirmed', 'confirmed'],
  ['order.cancelled', 'cancelled'],
  ['order.refunded', 'refunded'],
])

function endedTwice(object: string, records: AuditRecord[]): string[] {
  const kinds = Map.groupBy(
    records.filter(({ action }) => once.has(action)),
    ({ action }) => once.get(action),
  )
  return [...kinds].flatMap(([kind, ofKind]) => (ofKind.length > 1 ? [`${object} was ${kind} twice: ${actions(ofKind)}`] : []))
}

function repeated(records: AuditRecord[]): string[] {
  const ids = new Set(records.map(({ eventId }) => eventId))
  return ids.size === records.length ? [] : [`${records.length - ids.size} events are in the log twice`]
}

/** A change of which every request was answered has its record, under the id of that request that says that it made it. */
function answeredWithout({ history }: Evidence, records: AuditRecord[]): string[] {
  const byRequest = Map.groupBy(records, ({ requestId }) => requestId)
  return history.flatMap(({ id, call, outcome, answer, attempts }) => {
    const action = actionOf[call.do]
    const isClear = outcome === 'ok' && answer?.replayed === false && attempts.every((attempt) => attempt.outcome === 'ok')
    if (!isClear || action === undefined) return []
    const told = attempts.filter((attempt) => attempt.outcome === 'ok')
    const found = told.flatMap(({ requestId }) =>
      (byRequest.get(requestId ?? '') ?? []).filter((record) => record.action === action),
    )
    return found.length === 1 || (found.length === 0 && mayHaveBeenSo(history, call))
      ? []
      : [`${id}: ${found.length} records of ${action} under ${told.map(({ requestId }) => requestId).join()}`]
  })
}

/** A change to what was reserved already is none: when the change before it was refused, say. */
function mayHaveBeenSo(history: readonly Operation[], call: Call): boolean {
  if (call.do !== 'change') return false
  const before = history.slice(
    0,
    history.findIndex((one) => one.call === call),
  )
  return before.some(
    ({ call: earlier }) => isAbout(earlier) && earlier.hold === call.hold && unitsIn(earlier, call.sku) === call.quantity,
  )
}

function unitsIn(call: Call, sku: string): number | undefined {
  if (call.do === 'change') return call.sku === sku ? call.quantity : undefined
  return call.do === 'reserve' ? call.lines.find((line) => line.sku === sku)?.quantity : undefined
}

const actionOf: Partial<Record<string, string>> = {
  reserve: 'reservation.created',
  change: 'reservation.changed',
  cancel: 'reservation.cancelled',
  adjust: 'stock.adjusted',
  joinWaitlist: 'waitlist_entry.joined',
}

function actions(records: AuditRecord[] = []): string {
  return records.map(({ sequence, action }) => `${sequence} ${action}`).join(', ')
}

async function allRecords(admin: Api): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for (let pageToken = ''; ;) {
    const path = `/v1/audit/records?pageSize=500&pageToken=${encodeURIComponent(pageToken)}`
    const { body } = await admin.get<{ records: AuditRecord[]; nextPageToken?: string }>(path)
    records.push(...body.records)
    if (body.nextPageToken === undefined || body.nextPageToken === '') return records
    pageToken = body.nextPageToken
  }
}
