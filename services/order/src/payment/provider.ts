import type { Money } from '@holdfast/contracts/common'

/** What a provider says of a payment. `absent`: it never heard of it; `pending`: it has not decided yet. */
export const paymentStates = ['absent', 'pending', 'authorized', 'captured', 'declined', 'voided', 'refunded'] as const

export type PaymentState = (typeof paymentStates)[number]

export interface Payment {
  /** UUID of the payment attempt: the provider's idempotency key. */
  id: string
  amount: Money
  /** Stands for the card; never logged, never kept. */
  token: string
}

/** A message of the provider, as it came. */
export interface SignedMessage {
  /** The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; empty: there is none. */
  id: string
  timestamp: string
  signature: string
  /** Byte for byte. */
  body: Uint8Array
}

/** What a message says, once it is sure who says it. */
export interface Callback {
  /** Of the message, the same at each try. */
  id: string
  /** Of the payment. */
  paymentId: string
  /** As it was when the message was written. */
  state: PaymentState
}

/**
 * Whoever takes the money. Each call may be repeated with the same id without a second effect, and answers the state that
 * the payment is in afterwards; a call that does not fit the state changes nothing and answers it all the same. A call that
 * throws has an unknown outcome: `lookup` tells.
 */
export interface PaymentProvider {
  /** In the address of its callbacks. */
  readonly name: string
  /**
   * Sets the amount aside. Given up by the signal it may still take effect later. `pending`: the provider decides later, and calls back
   * when it has, perhaps before this answer is here.
   */
  authorize(payment: Payment, signal: AbortSignal): Promise<PaymentState>
  /** Takes what was authorized. */
  capture(id: string): Promise<PaymentState>
  /**
   * Gives up what is pending or authorized. Voiding an unknown id leaves a mark, so that an authorization that arrives later
   * is refused: without that no attempt of unknown outcome could ever be given up. `pending`: it can't be stopped; it is asked again.
   */
  void(id: string): Promise<PaymentState>
  /** Gives back what was captured, once. */
  refund(id: string): Promise<PaymentState>
  lookup(id: string): Promise<PaymentState>
  /**
   * Makes sure that a message is the provider's own and of these minutes, then reads it. Undefined: it does not call back.
   * @throws UNAUTHENTICATED before anything of it is read, INVALID_ARGUMENT for what it can't have meant
   */
  readonly readCallback?: ((message: SignedMessage) => Callback) | undefined
}
