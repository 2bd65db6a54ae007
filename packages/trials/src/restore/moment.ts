/** A system that has gone back to a moment: what was told before it is there, what was told after it is not, and it goes on. */
import type { DatabaseName, System } from '@holdfast/launcher'
import {
  adminToken,
  type Api,
  api,
  type ConsistencyReply,
  type OrderReply,
  queryOne,
  registerUser,
  type ReservationReply,
  type Told,
  waitFor,
} from '@holdfast/testing'

import type { Facts } from '../facts'
import { checkKept, readBooks } from '../kept'
import type { Shopping } from '../shoppers'

/** What shoppers had been told by then. */
export function toldSoFar({ told }: Pick<Shopping, 'told'>): Told {
  return structuredClone(told)
}

export interface GoneBack {
  skus: Shopping['skus']
  /** Before the moment. */
  before: Told
  /** In the end. */
  end: Told
  /** Reservations that were made after the moment, by their ids. Those of about that time may be there or not. */
  since: string[]
}

/** @param moment of the clock of this machine, as PostgreSQL reads one */
export async function madeSince(system: System, moment: Date | string): Promise<string[]> {
  // When a row is made is noted before it is committed.
  const text = 'select coalesce(array_agg(id), array[]::uuid[])::text[] as ids from reservations where created_at > $1'
  return (await queryOne<{ ids: string[] }>(system, 'reservation', text, [moment])).ids
}

/** @param system restored, and started */
export async function checkGoneBack(system: System, { skus, before, end, since }: GoneBack, facts: Facts): Promise<void> {
  const admin = api(system.url, { token: await adminToken(system) })
  await buy(system, skus[0]?.sku ?? '')
  await repair(admin, isOffered, facts)
  const same = [...before.reservations].filter(([id, { status }]) => end.reservations.get(id)?.status === status)
  await checkKept(system, { admin, skus, told: { ...before, reservations: new Map(same) } }, facts)
  await checkThere(system, { before, since }, facts)
}

export type Difference = ConsistencyReply['differences'][number]

/** What a repair can decide: what was sold needs its order, too. */
export const isOffered = ({ kind, expected }: Difference): boolean => kind === 'reservation' && expected !== 'COMMITTED'

/** A reservation whose hold had ended, and did not know yet, is mended when somebody reads it, when its time is up, or by an admin's repair. @param stays what does not go by itself */
export async function repair(admin: Api, stays: (difference: Difference) => boolean, facts: Facts): Promise<void> {
  const rests = async () => {
    const { checked, differences } = await readBooks({ admin })
    return checked['underWay'] === '0' && differences.every(stays)
  }
  // What does not go is told by who looks next.
  await waitFor(rests, { what: 'what goes by itself to be gone', timeoutMs: 180_000 }).catch(() => undefined)
  const offered = (await readBooks({ admin })).differences.filter(isOffered)
  const replies = offered.map(async ({ kind, id }) => admin.post('/v1/consistency:repair', { kind, id }))
  const refused = (await Promise.all(replies)).filter(({ status }) => status !== 200)
  facts.note('differences that a repair can decide', String(offered.length))
  facts.expect('of those refused', 0, refused.length)
}

/** By what the services' own rows say. What was told before may have been cancelled or paid by the moment, or not yet. */
export async function checkThere(
  system: System,
  { before, since }: Pick<GoneBack, 'before' | 'since'>,
  facts: Facts,
): Promise<void> {
  const made = [...before.reservations.keys()]
  const count = async (database: DatabaseName, rows: string, ids: string[]) =>
    (await queryOne<{ count: number }>(system, database, `select count(*)::integer as count from ${rows} = any ($1)`, [ids]))
      .count
  facts.note('reservations acknowledged before it, and made after it', `${made.length}, ${since.length}`)
  facts.expect('of those before it, gone', 0, made.length - (await count('reservation', 'reservations where id', made)))
  facts.expect('of those after it, there', 0, await count('reservation', 'reservations where id', since))
  facts.expect('units that they hold', 0, await count('inventory', "holds where state in ('HELD', 'COMMITTED') and id", since))
  const audited = "audit_records where action = 'reservation.created' and object_id"
  facts.expect('audit records of them', 0, await count('audit', audited, since))
}

/** It is a shop again. @throws Error when it is not */
async function buy(system: System, sku: string): Promise<void> {
  const shopper = api(system.url, { token: (await registerUser(system.url)).token })
  const made = await shopper.post<ReservationReply>('/v1/reservations', { lines: [{ sku, quantity: 1 }] })
  if (made.status !== 201) throw new Error(`nothing can be reserved: ${made.status} ${JSON.stringify(made.body)}`)
  const paid = await shopper.post<OrderReply>('/v1/checkout', { reservationId: made.body.reservation.id })
  if (paid.status !== 200) throw new Error(`nothing can be bought: ${paid.status} ${JSON.stringify(paid.body)}`)
}
