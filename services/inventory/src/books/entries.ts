/** Entries of the books, put together from what three services say. Nothing is locked, and no transaction is open. */
import type { OrderServiceService, OrderState } from '@holdfast/contracts/order'
import type { ReservationServiceService, ReservationState } from '@holdfast/contracts/reservation'
import { type CallContext, type Database, databaseError, type PeerClient } from '@holdfast/service'

import { findHolds, pageOfArchivedHolds, pageOfHolds, readReturns } from '../sql/hold-states'
import type { Entry, HoldState } from './judge'
import { PagedSource, readToOfAll } from './pages'

export interface Peers {
  reservation: Pick<PeerClient<typeof ReservationServiceService>, 'listReservationStates' | 'repairReservation'>
  order: Pick<PeerClient<typeof OrderServiceService>, 'listOrderStates'>
}

/** Rows of one page; what a look may ask for at once. */
export const pageSize = 1_000

export interface Pass {
  windows: AsyncIterable<Entry[]>
  /** Rows that were read so far. */
  counts(): { reservations: bigint; orders: bigint; archivedReservations?: bigint }
}

/**
 * Every entry once, by id, some thousands at a time. What is made or changed meanwhile may look torn. Each service archives
 * in its own time, so what one of them has and another seems not to have is looked for in the other's archive.
 * @param archived what is in all archives is read as well
 */
export function readAllEntries(database: Database, peers: Peers, archived: boolean, ctx: CallContext): Pass {
  const holds = new PagedSource<HoldState>(
    async (afterId, limit) => pageOfHolds(database.pool, afterId, limit),
    ({ id }) => id,
    pageSize,
  )
  const archivedHolds = new PagedSource<HoldState>(
    async (afterId, limit) => (archived ? pageOfArchivedHolds(database.pool, afterId, limit) : []),
    ({ id }) => id,
    pageSize,
  )
  const reservationSource = (ofArchive: boolean) =>
    new PagedSource<ReservationState>(
      async (afterId, limit) =>
        (await peers.reservation.listReservationStates({ ids: [], afterId, pageSize: limit, archived: ofArchive }, ctx))
          .reservations,
      ({ id }) => id,
      pageSize,
    )
  const reservations = reservationSource(false)
  const archivedReservations = archived ? reservationSource(true) : undefined
  const orders = new PagedSource<OrderState>(
    async (afterReservationId, limit) =>
      (await peers.order.listOrderStates({ reservationIds: [], afterReservationId, pageSize: limit }, ctx)).orders,
    ({ reservationId }) => reservationId,
    pageSize,
  )
  const sources = [
    holds,
    archivedHolds,
    reservations,
    orders,
    ...(archivedReservations === undefined ? [] : [archivedReservations]),
  ]
  async function* windows(): AsyncIterable<Entry[]> {
    for (;;) {
      await Promise.all(sources.map(async (source) => source.fill()))
      if (sources.every(({ done }) => done)) return
      const lastId = readToOfAll(sources)
      // The archives first: of an id that is in both, the live row counts.
      const entries = putTogether(
        [...archivedHolds.take(lastId), ...holds.take(lastId)],
        [...(archivedReservations?.take(lastId) ?? []), ...reservations.take(lastId)],
        orders.take(lastId),
      )
      await findMissing(database, peers, entries, ctx)
      yield await withReturns(database, entries)
    }
  }
  return {
    windows: windows(),
    counts: () => ({
      reservations: BigInt(reservations.count),
      orders: BigInt(orders.count),
      ...(archivedReservations !== undefined && { archivedReservations: BigInt(archivedReservations.count) }),
    }),
  }
}

/** The entries of some ids as they are now, archived or not. @param ids up to {@link pageSize} */
export async function readEntries(database: Database, peers: Peers, ids: string[], ctx: CallContext): Promise<Entry[]> {
  const [holds, { reservations }, { orders }] = await Promise.all([
    findHolds(database.pool, ids),
    peers.reservation.listReservationStates({ ids, afterId: '', pageSize: 0 }, ctx),
    peers.order.listOrderStates({ reservationIds: ids, afterReservationId: '', pageSize: 0 }, ctx),
  ])
  return withReturns(database, putTogether(holds, reservations, orders))
}

/** Holds and reservations that are not among the live ones, by id: those that there are are in an archive by now. */
async function findMissing(database: Database, peers: Peers, entries: Entry[], ctx: CallContext): Promise<void> {
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const withoutHold = entries.filter(({ hold }) => hold === undefined).map(({ id }) => id)
  for (let from = 0; from < withoutHold.length; from += pageSize) {
    for (const hold of await findHolds(database.pool, withoutHold.slice(from, from + pageSize))) {
      const entry = byId.get(hold.id)
      if (entry !== undefined) entry.hold = hold
    }
  }
  const withoutReservation = entries.filter(({ reservation }) => reservation === undefined).map(({ id }) => id)
  for (let from = 0; from < withoutReservation.length; from += pageSize) {
    const ids = withoutReservation.slice(from, from + pageSize)
    const { reservations } = await peers.reservation.listReservationStates({ ids, afterId: '', pageSize: 0 }, ctx)
    for (const reservation of reservations) {
      const entry = byId.get(reservation.id)
      if (entry !== undefined) entry.reservation = reservation
    }
  }
}

async function withReturns(database: Database, entries: Entry[]): Promise<Entry[]> {
  const returned = entries.flatMap(({ order }) => (order?.returned === true ? [order] : []))
  if (returned.length === 0) return entries
  const references = returned.map(({ reservationId, returnReference }) => ({ holdId: reservationId, reference: returnReference }))
  const rows = await readReturns(database.pool, references).catch((error: unknown) => {
    throw databaseError(error)
  })
  const returns = new Map(rows.map(({ id, ...units }) => [id, units]))
  return entries.map((entry) => ({ ...entry, returns: returns.get(entry.id) }))
}

function putTogether(holds: HoldState[], reservations: ReservationState[], orders: OrderState[]): Entry[] {
  const entries = new Map<string, Entry>()
  const entryOf = (id: string): Entry => {
    const known = entries.get(id)
    if (known !== undefined) return known
    const entry: Entry = { id, hold: undefined, reservation: undefined, order: undefined, returns: undefined }
    entries.set(id, entry)
    return entry
  }
  for (const hold of holds) entryOf(hold.id).hold = hold
  for (const reservation of reservations) entryOf(reservation.id).reservation = reservation
  for (const order of orders) entryOf(order.reservationId).order = order
  return [...entries.values()]
}
