/** Mends single rows of the books, where the other rows leave no doubt of what it should be. */
import { type Difference, type RepairConsistencyRequest, type RepairConsistencyResponse } from '@holdfast/contracts/inventory'
import { type CallContext, HoldfastError, invalidField } from '@holdfast/service'

import type { Books } from './books/books'
import { mendHoldLine } from './books/mend-hold-line'
import { mendReservation } from './books/mend-reservation'
import { mendReserved } from './books/mend-reserved'

/** Looks again under the locks of the row, mends it, and answers the difference as it was. */
type Mend = (books: Books, id: string, ctx: CallContext) => Promise<Difference>

const mends: Record<string, Mend> = {
  reserved: mendReserved,
  hold_line: mendHoldLine,
  reservation: async (books, id, ctx) => mendReservation(books, 'reservation', id, ctx),
  reservation_expiry: async (books, id, ctx) => mendReservation(books, 'reservation_expiry', id, ctx),
  reservation_lines: async (books, id, ctx) => mendReservation(books, 'reservation_lines', id, ctx),
}

/** The kinds that are for people, and why. */
const beyondRepair: Record<string, string> = {
  withheld: 'which of the numbers is wrong is not known; the kinds reserved, damaged and quality say more',
  damaged: 'the level or the ledger may be wrong: count the units, then move them',
  quality: 'the level or the ledger may be wrong: count the units, then move them',
  incoming: 'the level or the ledger may be wrong: look at the shipments that are under way',
  allocation: 'whether the units were taken is not known: count them',
  shipment: 'whether it is over is not known: look at what has arrived',
  shipment_line: 'the shipment or the ledger may be wrong: look at what has arrived, and count the units',
  promised: 'whether the units were promised is not known: look at the holds and orders of the SKU',
  promise: 'whether the units are still to come is not known: look at the hold and its order',
  fill: 'whether the units were sold is not known',
  claim: 'what the shopper has is not known: look at their reservations and orders',
  bounds: 'which of the numbers is wrong is not known; the kinds reserved and on_hand say more',
  on_hand: 'the level or the ledger may be wrong: count the units, then adjust the stock',
  hold_without_lines: 'what it held is not known',
  hold_expiry: 'which of its times is wrong is not known',
  hold_end: 'whether it has ended is not known',
  sale: 'whether the units were sold is not known',
  hold_without_reservation: 'whose it is and what it was for is not known; while it is HELD, the sweep releases it',
  reservation_without_hold: 'whether its units are set aside or sold is not known',
  hold_without_order: 'who has paid for it is not known',
  order_without_hold: 'whether its units are set aside or sold is not known',
  order: 'whether money was taken is not known here',
  opening: 'the balance or the archived movements may be wrong: count the units, then adjust the stock',
  archived_hold: 'what is in the archive is not changed any more',
  archived_hold_line: 'what is in the archive is not changed any more',
  archived_sale: 'what is in the archive is not changed any more',
  return: 'whether the units are back is not known: count them, then adjust the stock',
}

/**
 * @throws ILLEGAL_TRANSITION when it can't be mended without guessing, NOT_FOUND when there is no such difference (any more)
 */
export async function repairConsistency(
  books: Books,
  request: RepairConsistencyRequest,
  ctx: CallContext,
): Promise<RepairConsistencyResponse> {
  const { kind, id } = request
  const why = Object.hasOwn(beyondRepair, kind) ? beyondRepair[kind] : undefined
  if (why !== undefined)
    throw new HoldfastError('ILLEGAL_TRANSITION', `A difference of the kind ${kind} can't be repaired: ${why}`)
  const mend = Object.hasOwn(mends, kind) ? mends[kind] : undefined
  if (mend === undefined) throw invalidField('kind', 'is no kind of difference')
  const difference = await mend(books, id, ctx)
  books.published()
  ctx.log.warn({ difference }, 'repaired')
  return { difference, requestId: ctx.requestId }
}
