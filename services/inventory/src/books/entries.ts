/** Entries of the books, put together from what three services say. Nothing is locked, and no transaction is open. */
import type { OrderServiceService, OrderState } from '@holdfast/contracts/order'
import type { ReservationServiceService, ReservationState } from '@holdfast/contracts/reservation'
import { type CallContext, type Database, databaseError, type PeerClient } from '@holdfast/service'

import { findHolds, pageOfHolds, readReturns } from '../sql/hold-states'
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
  counts(): { reservations: bigint; orders: bigint }
}

/** Every entry once, by id, some thousands at a time. What is made or changed meanwhile may look torn. */
export function readAllEntries(database: Database, peers: Peers, ctx: CallContext): Pass {
  const holds = new PagedSource<HoldState>(
    async (afterId, limit) => pageOfHolds(database.pool, afterId, limit),
    ({ id }) => id,
    pageSize,
  )
  const reservations = new PagedSource<ReservationState>(
    async (afterId, limit) =>
      (await peers.reservation.listReservationStates({ ids: [], afterId, pageSize: limit }, ctx)).reservations,
    ({ id }) => id,
    pageSize,
  )
  const orders = new PagedSource<OrderState>(
    async (afterReservationId, limit) =>
      (await peers.order.listOrderStates({ reservationIds: [], afterReservationId, pageSize: limit }, ctx)).orders,
    ({ reservationId }) => reservationId,
    pageSize,
  )
  const sources = [holds, reservations, orders]
  async function* windows(): AsyncIterable<Entry[]> {
    for (;;) {
      await Promise.all(sources.map(async (source) => source.fill()))
      if (sources.every(({ done }) => done)) return
      const lastId = readToOfAll(sources)
      yield putTogether(database, holds.take(lastId), reservations.take(lastId), orders.take(lastId))
    }
  }
  return {
    windows: windows(),
    counts: () => ({ reservations: BigInt(reservations.count), orders: BigInt(orders.count) }),
  }
}

/** The entries of some ids as they are now. @param ids up to {@link pageSize} */
export async function readEntries(database: Database, peers: Peers, ids: string[], ctx: CallContext): Promise<Entry[]> {
  const [holds, { reservations }, { orders }] = await Promise.all([
    findHolds(database.pool, ids),
    peers.reservation.listReservationStates({ ids, afterId: '', pageSize: 0 }, ctx),
    peers.order.listOrderStates({ reservationIds: ids, afterReservationId: '', pageSize: 0 }, ctx),
  ])
  return putTogether(database, holds, reservations, orders)
}

async function putTogether(
  database: Database,
  holds: HoldState[],
  reservations: ReservationState[],
  orders: OrderState[],
): Promise<Entry[]> {
  const returned = orders.filter((order) => order.returned)
  const returns = new Map(
    returned.length === 0
      ? []
      : (
          await readReturns(
            database.pool,
            returned.map(({ reservationId, returnReference }) => ({ holdId: reservationId, reference: returnReference })),
          ).catch((error: unknown) => {
            throw databaseError(error)
          })
        ).map(({ id, ...units }) => [id, units]),
  )
  const entries = new Map<string, Entry>()
  const entryOf = (id: string): Entry => {
    const known = entries.get(id)
    if (known !== undefined) return known
    const entry: Entry = { id, hold: undefined, reservation: undefined, order: undefined, returns: returns.get(id) }
    entries.set(id, entry)
    return entry
  }
  for (const hold of holds) entryOf(hold.id).hold = hold
  for (const reservation of reservations) entryOf(reservation.id).reservation = reservation
  for (const order of orders) entryOf(order.reservationId).order = order
  return [...entries.values()]
}
