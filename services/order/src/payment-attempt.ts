/**
 * One try to pay an order, as a state machine; pure. The state is committed before the step outside that it announces, so
 * that whoever finds an attempt knows how far it may have come. No transaction is open while another system is asked.
 *
 *   STARTED      order and attempt are committed; nothing was asked of the provider. Next: inventory.Protect.
 *   AUTHORIZING  the provider may have been asked. Next: authorize; by the recovery worker: lookup.
 *   WAITING      the provider has it, and calls back when it has decided. Next: lookup, by whoever takes it up.
 *   AUTHORIZED   the money is set aside. Next: reservation.CommitReservation, which commits the hold.
 *   COMMITTED    the units are sold. Next: capture.
 *   VOIDING      it is not to be paid. Next: void, or refund of what was captured after all.
 *
 * Who may go on: only the driver that the attempt's row names, and each step writes "where driver = me and state = the one I
 * saw". A driver renews its lease; past it, the recovery worker of any replica takes the attempt over. A driver that was
 * paused meanwhile may still send the call that it was about to send, which changes nothing, because every call is
 * idempotent by the attempt's or the hold's id, and because giving up an unknown payment leaves a mark at the provider that
 * refuses a late authorization. Its next write finds another driver, and it stops.
 *
 * A callback drives nothing (decision 036): it makes a WAITING attempt due, or leaves a mark on one that is being driven, and a driver
 * that finds the mark as it lays an attempt down asks once more. So it may come twice, late, in any order, before the answer
 * of authorize, or never.
 *
 * A crash before or after each step:
 *   STARTED, protected or not: nothing was asked for: FAILED, the order can be paid again.
 *   AUTHORIZING, authorize not sent: the provider says `absent`: void leaves the mark, VOIDED. Sent: it says what became of it;
 *     while it says `pending` it is asked again, until the hold's grace nears its end, then it is voided.
 *   WAITING: it is looked at when its lease has lapsed, callback or not, and voided when the provider has had its time.
 *   AUTHORIZED, COMMITTED: committing and capturing again are replays. If the hold was lost meanwhile the commit is refused:
 *     VOIDING, and the order is CANCELLED only together with the end of the voiding. If the hold has other lines than the
 *     amount was made from, which takes that its protection has lapsed, it is refused, too: VOIDING, and the order stays PENDING.
 *   VOIDING: voiding again is a replay.
 *
 * Who races: a second checkout meets the open attempt (one per order, by a unique index and the order's row lock) and waits
 * for its end; a cancel meets it and is refused, or has released the stock first, and then Protect or the commit is refused;
 * expiry is decided by the hold's row: Protect puts it off, or the commit is refused. Nothing but its driver ends an attempt.
 *
 * Ending it (with its effect on the order, the event, and the memory of the idempotency key) is one transaction that locks the
 * order, then the attempt.
 */
import type { ErrorCode } from '@holdfast/service'

import type { Status } from './order-status'
import type { PaymentState } from './payment/provider'

export type OpenState = 'STARTED' | 'AUTHORIZING' | 'WAITING' | 'AUTHORIZED' | 'COMMITTED' | 'VOIDING'
/** FAILED: nothing was asked of the provider. UNCAPTURED: the units were sold, and then the money could not be taken. */
export type EndState = 'SUCCEEDED' | 'DECLINED' | 'FAILED' | 'VOIDED' | 'REFUNDED' | 'UNCAPTURED'
export type AttemptState = OpenState | EndState

const moves: Record<OpenState, readonly AttemptState[]> = {
  STARTED: ['AUTHORIZING', 'FAILED'],
  AUTHORIZING: ['WAITING', 'AUTHORIZED', 'DECLINED', 'VOIDING'],
  WAITING: ['AUTHORIZED', 'DECLINED', 'VOIDING'],
  AUTHORIZED: ['COMMITTED', 'VOIDING'],
  COMMITTED: ['SUCCEEDED', 'UNCAPTURED'],
  VOIDING: ['VOIDED', 'REFUNDED'],
}

export function isOpen(state: AttemptState): state is OpenState {
  return Object.hasOwn(moves, state)
}

export function mayFollow(from: AttemptState, to: AttemptState): boolean {
  return isOpen(from) && moves[from].includes(to)
}

/** Why an attempt did not succeed: what the caller is told. */
export type Failure = Extract<
  ErrorCode,
  'RESERVATION_EXPIRED' | 'RESERVATION_NOT_ACTIVE' | 'PAYMENT_DECLINED' | 'UNAVAILABLE' | 'CONFLICT'
>

/** What a step decides: where the attempt goes, or that the answer is not there yet and has to be asked for again. */
export type Decision = { to: AttemptState; failure?: Failure } | 'ask again'

const givenUp: Decision = { to: 'VOIDING', failure: 'UNAVAILABLE' }

/** After lookup. Captured at once is taken for authorized: the capture will be a replay. */
export const afterAuthorize: Record<PaymentState, Decision> = {
  absent: givenUp,
  pending: 'ask again',
  authorized: { to: 'AUTHORIZED' },
  captured: { to: 'AUTHORIZED' },
  declined: { to: 'DECLINED', failure: 'PAYMENT_DECLINED' },
  voided: givenUp,
  refunded: givenUp,
}

/** After authorize: who does not decide at once calls back. */
export const afterFirstAnswer: Record<PaymentState, Decision> = { ...afterAuthorize, pending: { to: 'WAITING' } }

/** When the provider has had its time and has still not decided. */
export const outOfPatience = givenUp

const uncaptured: Decision = { to: 'UNCAPTURED', failure: 'PAYMENT_DECLINED' }

export const afterCapture: Record<PaymentState, Decision> = {
  absent: uncaptured,
  pending: 'ask again',
  authorized: 'ask again',
  captured: { to: 'SUCCEEDED' },
  declined: uncaptured,
  voided: uncaptured,
  refunded: uncaptured,
}

/** After void, or after refund of what turned out to be captured. */
export const afterGivingBack: Record<PaymentState, Decision> = {
  absent: { to: 'VOIDED' },
  pending: 'ask again',
  authorized: 'ask again',
  captured: 'ask again',
  declined: { to: 'VOIDED' },
  voided: { to: 'VOIDED' },
  refunded: { to: 'REFUNDED' },
}

export type CancelReason = 'requested' | 'reservation_expired' | 'reservation_cancelled' | 'payment_failed'

/** What the end of an attempt does to its order. */
export interface Ending {
  status: Extract<Status, 'PENDING' | 'CONFIRMED' | 'CANCELLED'>
  paymentStatus: 'SUCCEEDED' | 'DECLINED' | 'VOIDED' | 'REFUNDED'
  cancelReason?: CancelReason
  /** The units were sold: a task puts them back. */
  returnStock?: true
}

/** The reservation's end ends the order too. */
const reasonOf: Partial<Record<Failure, CancelReason>> = {
  RESERVATION_EXPIRED: 'reservation_expired',
  RESERVATION_NOT_ACTIVE: 'reservation_cancelled',
}

/** @returns undefined: the order stays as it is, and another attempt may be made */
export function endingOf(state: EndState, failure: Failure | null): Ending | undefined {
  const cancelReason = failure === null ? undefined : reasonOf[failure]
  const given = (paymentStatus: Ending['paymentStatus']): Ending | undefined =>
    cancelReason && { status: 'CANCELLED', paymentStatus, cancelReason }
  const endings: Record<EndState, Ending | undefined> = {
    SUCCEEDED: { status: 'CONFIRMED', paymentStatus: 'SUCCEEDED' },
    DECLINED: { status: 'PENDING', paymentStatus: 'DECLINED' },
    FAILED: undefined,
    VOIDED: given('VOIDED'),
    REFUNDED: given('REFUNDED'),
    UNCAPTURED: { status: 'CANCELLED', paymentStatus: 'VOIDED', cancelReason: 'payment_failed', returnStock: true },
  }
  return endings[state]
}

/** What a caller is told, by failure. */
export const failureMessages: Record<Failure, string> = {
  RESERVATION_EXPIRED: 'The reservation has expired before it was paid; no money is taken',
  RESERVATION_NOT_ACTIVE: 'The reservation is not active any more; no money is taken',
  CONFLICT: 'The reservation was changed while its payment was begun; no money is taken, see what it has now and try again',
  PAYMENT_DECLINED: 'The payment was declined; try another one',
  UNAVAILABLE: 'The payment could not be made; no money is taken, repeat the request to try again',
}
