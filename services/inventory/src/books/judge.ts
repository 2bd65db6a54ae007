/** What a hold, its reservation and its order have to say of each other. No I/O here. */
import type { Difference } from '@holdfast/contracts/inventory'
import type { OrderState } from '@holdfast/contracts/order'
import type { ReservationState } from '@holdfast/contracts/reservation'

export interface HoldState {
  id: string
  state: 'HELD' | 'COMMITTED' | 'RELEASED' | 'EXPIRED'
  version: number
  linesVersion: number
  expiresAt: Date
  /** The same, but for a payment's protection. */
  baseExpiresAt: Date
  /** An id that was released before it was held. */
  tombstone: boolean
  /** Its time is past, by the database's clock when it was read. */
  due: boolean
  /** Since it was made or, if it has ended, since its end; in ms. */
  ageMs: number
}

/** All that three services know under one id; a hold's id is its reservation's. */
export interface Entry {
  id: string
  hold: HoldState | undefined
  reservation: ReservationState | undefined
  order: OrderState | undefined
  /** Units of the hold, and how many of them the ledger has back, for an order that says that they are back. */
  returns: { sold: bigint; returned: bigint } | undefined
}

/** `underWay`: somebody is about to take it further, or will find it. */
export type Finding = 'underWay' | Difference

export interface JudgeOptions {
  /** What others have not taken over from a hold so long after it was made or ended is under way no more, in ms. */
  graceMs: number
}

/** What a reservation reads when it has taken over its hold's state. */
export const statusOfHold = { HELD: 'ACTIVE', COMMITTED: 'COMMITTED', RELEASED: 'CANCELLED', EXPIRED: 'EXPIRED' } as const

export function judge(entry: Entry, options: JudgeOptions): Finding[] {
  return [judgeReservation(entry, options), judgeOrder(entry, options)].filter((finding) => finding !== undefined)
}

/**
 * The hold's row decides (truth 3); the reservation is behind it at most. Each is as old as its own database said when it was read: no
 * process's clock is compared with theirs.
 */
function judgeReservation({ id, hold, reservation }: Entry, { graceMs }: JudgeOptions): Finding | undefined {
  if (hold === undefined) {
    // A claim of the orphan search is no reservation.
    if (reservation === undefined || reservation.status === 'ABANDONED') return undefined
    return { kind: 'reservation_without_hold', id, expected: 'a hold', found: `none, ${reservation.status}` }
  }
  const { state } = hold
  if (reservation === undefined) {
    // Nobody was told of a hold that lapsed by itself before its reservation was made.
    if (hold.tombstone || state === 'EXPIRED') return undefined
    if (state === 'HELD' && hold.ageMs < graceMs) return 'underWay'
    return { kind: 'hold_without_reservation', id, expected: 'a reservation', found: `none, ${state}` }
  }
  const { status, holdVersion, pastMs = 0n } = reservation
  const endsAt = reservation.expiresAt?.getTime() ?? 0
  if (status === 'ABANDONED') {
    if (state === 'RELEASED' || state === 'EXPIRED') return undefined
    // The time of such a row is that of the claim.
    if (state === 'HELD' && pastMs < graceMs) return 'underWay'
    return { kind: 'reservation', id, expected: statusOfHold[state], found: status }
  }
  if (status !== statusOfHold[state]) {
    // What inventory expired by itself is taken over by the next sweep; until then it reads as EXPIRED.
    const lapsed = state === 'EXPIRED' && pastMs >= 0n
    if (status === 'ACTIVE' && (lapsed || hold.ageMs < graceMs)) return 'underWay'
    return { kind: 'reservation', id, expected: statusOfHold[state], found: status }
  }
  // It may know less of its hold: a payment's protection is not told to it, and is not shown by it while its own end is to come.
  // It can't know more, or otherwise.
  const ends = state === 'HELD' ? [hold.expiresAt, hold.baseExpiresAt] : [hold.expiresAt]
  const isEnd = ends.some((end) => end.getTime() === endsAt)
  if (holdVersion > hold.version || (holdVersion === hold.version && !isEnd)) {
    return {
      kind: 'reservation_expiry',
      id,
      expected: inWords(hold.expiresAt, hold.version),
      found: inWords(new Date(endsAt), holdVersion),
    }
  }
  return judgeLines(id, hold, reservation)
}

/** It may have missed a change while its hold goes on: any later answer brings it. What has ended was told with its lines. */
function judgeLines(
  id: string,
  hold: HoldState,
  { holdVersion, linesVersion = hold.linesVersion }: ReservationState,
): Finding | undefined {
  const known = holdVersion >= hold.version || hold.state !== 'HELD'
  if (known ? linesVersion === hold.linesVersion : linesVersion <= hold.linesVersion) return undefined
  return {
    kind: 'reservation_lines',
    id,
    expected: `lines of version ${hold.linesVersion}`,
    found: `lines of version ${linesVersion}`,
  }
}

function inWords(expiresAt: Date, version: number): string {
  return `until ${expiresAt.toISOString()} at version ${version}`
}

function judgeOrder({ id, hold, order, returns }: Entry, { graceMs }: JudgeOptions): Finding | undefined {
  if (order === undefined || order.unreserved) {
    if (hold?.state === 'COMMITTED') return { kind: 'hold_without_order', id, expected: 'an order', found: 'none, COMMITTED' }
    return order === undefined ? undefined : 'underWay'
  }
  // The attempt's driver, or who recovers it, goes on until the order says what the hold says.
  if (order.paying) return 'underWay'
  if (hold === undefined) return { kind: 'order_without_hold', id: order.id, expected: 'a hold', found: `none, ${order.status}` }
  const differs = (expected: string): Difference => ({
    kind: 'order',
    id: order.id,
    expected: `${expected}, as its hold is ${hold.state}`,
    found: order.status,
  })
  const ended = hold.state === 'RELEASED' || hold.state === 'EXPIRED'
  switch (order.status) {
    case 'PENDING':
      if (hold.state === 'COMMITTED') return differs('CONFIRMED')
      if (!ended) return undefined
      return hold.ageMs < graceMs ? 'underWay' : differs('CANCELLED')
    case 'CANCELLED':
      return order.returnReference === '' ? judgeUnpaid(hold, differs) : judgeReturn(hold, order, returns, differs)
    default:
      if (hold.state === 'COMMITTED') return undefined
      return differs(ended ? 'CANCELLED' : 'PENDING')
  }
}

/** Cancelled before its units were sold. */
function judgeUnpaid(hold: HoldState, differs: (expected: string) => Difference): Finding | undefined {
  if (hold.state === 'COMMITTED') return differs('CONFIRMED, or a return of its units')
  if (hold.state !== 'HELD') return undefined
  // Past its time it is as good as ended, and its order may be told first.
  return hold.due ? 'underWay' : differs('PENDING')
}

/** Cancelled after its units were sold: they come back. */
function judgeReturn(
  hold: HoldState,
  order: OrderState,
  returns: Entry['returns'],
  differs: (expected: string) => Difference,
): Finding | undefined {
  if (hold.state !== 'COMMITTED') return differs('no return of units')
  if (!order.returned || returns === undefined) return 'underWay'
  if (returns.sold === returns.returned) return undefined
  return { kind: 'return', id: order.id, expected: String(returns.sold), found: String(returns.returned) }
}

/** The same rows, whatever the time: two looks that agree in it saw nothing move in between. */
export function versionsOf({ hold, reservation, order, returns }: Entry): string {
  return JSON.stringify([
    hold && [hold.state, hold.version, hold.expiresAt],
    reservation && [reservation.status, reservation.version, reservation.holdVersion, reservation.expiresAt],
    order && [order.id, order.status, order.version, order.unreserved, order.paying, order.returnReference, order.returned],
    returns && [String(returns.sold), String(returns.returned)],
  ])
}
