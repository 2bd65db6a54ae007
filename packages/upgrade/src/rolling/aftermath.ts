/** What has to be true when everybody has stopped: nothing that was told is lost, and all books agree. */
import type { System } from '@holdfast/launcher'
import {
  type Api,
  adminToken,
  api,
  type ConsistencyReply,
  type OrderReply,
  type ReservationReply,
  type SteadyLoad,
  waitFor,
} from '@holdfast/testing'
import { Client } from 'pg'

const patience = { timeoutMs: 120_000 }

/** @returns what is wrong, a line each */
export async function wrongInTheEnd(system: System, { told }: Pick<SteadyLoad, 'told'>): Promise<string[]> {
  const admin = api(system.url, { token: await adminToken(system) })
  return [
    ...(await otherReservations(admin, told.reservations)),
    ...(await otherOrders(admin, told.orders)),
    ...(await failed(booksBalance(admin))),
    ...(await failed(eachIsAuditedOnce(system, [...told.reservations.keys()]))),
    ...(await failed(auditIsWhole(admin))),
  ]
}

async function otherReservations(admin: Api, reservations: SteadyLoad['told']['reservations']): Promise<string[]> {
  const wrong: string[] = []
  for (const [id, told] of reservations) {
    const { status, body } = await admin.get<Partial<ReservationReply>>(`/v1/reservations/${id}`)
    const is = body.reservation?.status ?? `${status} ${JSON.stringify(body)}`
    // What was left alone may have lapsed by now.
    if (is !== told && !(told === 'ACTIVE' && is === 'EXPIRED')) wrong.push(`reservation ${id} was told ${told}, and is ${is}`)
  }
  return wrong
}

async function otherOrders(admin: Api, orders: SteadyLoad['told']['orders']): Promise<string[]> {
  const wrong: string[] = []
  for (const [id, reservationId] of orders) {
    const { status, body } = await admin.get<Partial<OrderReply>>(`/v1/orders/${id}`)
    const isKept = body.order?.status === 'CONFIRMED' && body.order.reservationId === reservationId
    if (!isKept) wrong.push(`order ${id} was told CONFIRMED, and is ${status} ${JSON.stringify(body)}`)
  }
  return wrong
}

async function booksBalance(admin: Api): Promise<void> {
  const rests = async (): Promise<boolean> => {
    const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
    if (status !== 200 || !body.consistent) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.checked['underWay'] === '0'
  }
  await waitFor(rests, { what: 'the books to balance with nothing under way', ...patience })
}

/** Events of earlier processes and of later ones have all come to the audit log, none of them twice. */
async function eachIsAuditedOnce(system: System, reservations: string[]): Promise<void> {
  const client = new Client({ connectionString: system.databaseUrl('audit') })
  await client.connect()
  try {
    const count = async () => {
      const { rows } = await client.query<{ records: number; objects: number }>(
        `select count(*)::integer as records, count(distinct object_id)::integer as objects
         from audit_records where action = 'reservation.created' and object_id = any ($1)`,
        [reservations],
      )
      return rows[0] ?? { records: 0, objects: 0 }
    }
    const isAll = async (): Promise<boolean> => (await count()).objects === reservations.length
    await waitFor(isAll, { what: 'every reservation to be in the audit log', ...patience })
    const { records, objects } = await count()
    if (records > objects) throw new Error(`the audit log has ${records - objects} records too many of reservations`)
  } finally {
    await client.end()
  }
}

async function auditIsWhole(admin: Api): Promise<void> {
  const { status, body } = await admin.get<{ valid?: boolean }>('/v1/audit:verify')
  if (body.valid !== true) throw new Error(`the audit log is not whole: ${status} ${JSON.stringify(body)}`)
}

/** @returns a line if it was */
async function failed(check: Promise<void>): Promise<string[]> {
  return check.then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  )
}
