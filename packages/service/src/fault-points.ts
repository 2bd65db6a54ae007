/**
 * Named places between two steps, where a test can crash, hang or fail this process. No configuration arms one: that takes
 * the hook below, which must be there before this file is loaded. Only packages/testing has one, preloaded
 * (`node --require`) into services that a test starts. Without it a place costs one look at a constant.
 */
export type FaultPoint =
  // inventory: committed, not answered
  | 'inventory.held'
  | 'inventory.ended'
  | 'inventory.protected'
  | 'inventory.changed'
  | 'inventory.returned'
  | 'inventory.filling' // units are there that were promised, nothing is done about it
  | 'inventory.filled' // they have gone to whom they were promised, nobody is told yet
  // reservation
  | 'reservation.held' // the hold is there, the reservation's row is not
  | 'reservation.created' // the row is there, the answer is not
  | 'reservation.released' // the hold is released, the row does not know it
  | 'reservation.changed' // the lines of the hold are others, the row does not know it
  | 'reservation.split' // the hold of a part is there, its row is not
  | 'reservation.parted' // the row of the part is there, the row of the whole does not know it
  | 'sweeper.claimed' // due reservations are claimed, their holds not asked for
  | 'sweeper.expired' // the holds are expired, the rows do not know it
  | 'sweeper.adopted' // the rows know it, the claim is still there
  | 'waitlist.claimed' // a line is leased, nobody is served
  | 'waitlist.held' // the hold for the next in line is there, neither its reservation nor its entry know it
  | 'waitlist.abandoned' // an ABANDONED row is there for a hold that nobody waits for any more, which is not released
  | 'waitlist.offered' // it is offered, inventory still counts it among those who wait
  | 'orphans.claimed' // an ABANDONED row is there, its hold is not released
  // order
  | 'order.placing' // the order's row is there, its reservation is not
  | 'order.reserved' // the reservation is there, the order does not know it
  | 'order.pending' // order and payment attempt are there, nothing else
  | 'order.released' // the stock of a PENDING order is free, the order does not know it
  | 'order.cancelled' // it is cancelled; units and money of a paid one are not back
  | 'order.returned' // its units are back, its money is not
  | 'order.refunded' // both are back, the order does not know it
  | 'payment.protected' // the hold is protected, the attempt does not know it
  | 'payment.announced' // the attempt says that the provider may have been asked, which it was not
  | 'payment.authorized' // the money is set aside, the attempt does not know it
  | 'payment.waiting' // the provider has it and calls back later; nobody has laid it down for that yet
  | 'payment.sold' // the units are sold, the attempt does not know it
  | 'payment.captured' // the money is taken, neither attempt nor order know it
  | 'callback.kept' // what the provider called back is kept, nobody has acted on it, and it is not answered
  | 'callback.sent' // the simulated provider's callback was taken, which it does not know
  | 'payment.given-back' // late money is back, neither attempt nor order know it
  // events, in whichever service
  | 'relay.published' // published, still in the outbox
  | 'consumer.handled' // the effect is committed, the offset is not
  | 'audit.appended' // records are written, their transaction is not committed
  // notification
  | 'webhook.delivered' // the receiver has taken it, the delivery does not know it
  | 'notice.sent' // the mail server has taken it, the notice does not know it

export type FaultHook = (point: FaultPoint) => Promise<void>

declare global {
  var holdfastFaultHook: FaultHook | undefined
}

const hook = globalThis.holdfastFaultHook

/** To be awaited. Does nothing but in a process that a test has prepared. */
export function faultPoint(point: FaultPoint): Promise<void> | undefined {
  return hook === undefined ? undefined : hook(point)
}
