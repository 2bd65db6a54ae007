/** Tokens that a client has at most, and at first; all in tenths, of which sums are exact. */
const most = 1_000
/** What a repeat costs. */
const cost = 10
/** What a call that succeeds gives back. */
const earned = 1

/**
 * How much a client may repeat, after gRPC's retry throttling (gRFC A6): each repeat costs a token, each success gives a tenth of one back,
 * and with half of them or fewer nothing is repeated. So a burst of failures is got over, and while a system fails for long its clients ask
 * it a tenth more often than without repeats, and not five times as often.
 */
export class RetryBudget {
  private tenths = most

  /** @returns whether a call may be repeated; then it has been paid for */
  spend(): boolean {
    if (this.tenths <= most / 2) return false
    this.tenths -= cost
    return true
  }

  /** A call has succeeded. */
  earn(): void {
    this.tenths = Math.min(most, this.tenths + earned)
  }
}
