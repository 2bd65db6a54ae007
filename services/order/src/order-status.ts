/** The order's status table: which status follows which, and by whose doing. Pure. */
import type { Order_Status } from '@holdfast/contracts/order'

export type Status = Exclude<Order_Status, 'STATUS_UNSPECIFIED' | 'UNRECOGNIZED'>

/** `payment`: a payment attempt that succeeded; `cancel`: a cancellation, with all that it gives back; `admin`: TransitionOrder. */
export type Mover = 'payment' | 'cancel' | 'admin'

const table: Record<Status, Partial<Record<Status, Mover>>> = {
  PENDING: { CONFIRMED: 'payment', CANCELLED: 'cancel' },
  CONFIRMED: { PROCESSING: 'admin', CANCELLED: 'cancel' },
  PROCESSING: { SHIPPED: 'admin' },
  SHIPPED: { DELIVERED: 'admin' },
  DELIVERED: {},
  CANCELLED: {},
}

export const statuses = Object.keys(table) as Status[]

export function isStatus(status: Order_Status): status is Status {
  return Object.hasOwn(table, status)
}

/** Whether an order may go from one status to another by this mover. */
export function mayMove(from: Status, to: Status, by: Mover): boolean {
  return table[from][to] === by
}
