import type { Money } from '@holdfast/contracts/common'

/** What a provider says of a payment. `absent`: it never heard of it; `pending`: it has not decided yet. */
export type PaymentState = 'absent' | 'pending' | 'authorized' | 'captured' | 'declined' | 'voided' | 'refunded'

export interface Payment {
  /** UUID of the payment attempt: the provider's idempotency key. */
  id: string
  amount: Money
  /** Stands for the card; never logged, never kept. */
  token: string
}

/**
 * Whoever takes the money. Each call may be repeated with the same id without a second effect, and answers the state that
 * the payment is in afterwards; a call that does not fit the state changes nothing and answers it all the same. A call that
 * throws has an unknown outcome: `lookup` tells.
 */
export interface PaymentProvider {
  /** Sets the amount aside. Given up by the signal it may still take effect later. */
  authorize(payment: Payment, signal: AbortSignal): Promise<PaymentState>
  /** Takes what was authorized. */
  capture(id: string): Promise<PaymentState>
  /**
   * Gives up what is pending or authorized. Voiding an unknown id leaves a mark, so that an authorization that arrives later
   * is refused: without that no attempt of unknown outcome could ever be given up.
   */
  void(id: string): Promise<PaymentState>
  /** Gives back what was captured, once. */
  refund(id: string): Promise<PaymentState>
  lookup(id: string): Promise<PaymentState>
}
