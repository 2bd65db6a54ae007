import { type CallOptions, type Client, HoldfastApiError } from '@holdfast/client'

import type { Sale } from './sale'

/** Longer than a sale takes, in s: those who won have time to pay. */
const ttlSeconds = 900

/** CONFLICT answers that one shopper bears: the limit on requests to reserve is ten a minute. */
const mostAttempts = 8

export type Reply = { kind: 'won'; reservationId: string } | { kind: 'refused' } | { kind: 'failed'; why: string }

/**
 * What the shoppers of a sale do, each with a token and keys of their own, over the public API alone. What is under way when a sale is
 * stopped is waited for: a request that was given up may have been served all the same, and its unit would be held by nobody.
 */
export class Shoppers {
  constructor(
    private readonly shop: Client,
    private readonly sale: Sale,
    /** Of each shopper. */
    private readonly tokens: readonly string[],
  ) {}

  /** Asks for one unit, again where others were in the way (OPTIMISTIC). */
  async reserve(shopper: number, round: 'race' | 'second'): Promise<Reply> {
    const { id, sku, strategy } = this.sale.plan
    const as = this.as(shopper, `${id}-${round}-${shopper}`)
    for (let attempt = 1; ; attempt++) {
      const reply = await this.told(this.shop.createReservation({ lines: [{ sku, quantity: 1 }], ttlSeconds, strategy }, as))
      if (!isRefusal(reply)) return { kind: 'won', reservationId: reply.reservation?.id ?? '' }
      if (reply.code === 'INSUFFICIENT_STOCK') return { kind: 'refused' }
      if (reply.code !== 'CONFLICT' || attempt === mostAttempts) return { kind: 'failed', why: reply.why }
      this.sale.conflicts++
    }
  }

  /** @returns why that was not possible; undefined: the order is confirmed */
  async pay(shopper: number, reservationId: string): Promise<string | undefined> {
    const as = this.as(shopper, `${this.sale.id}-pay-${reservationId}`)
    const reply = await this.told(this.shop.checkout({ reservationId }, as))
    if (isRefusal(reply)) return reply.why
    return reply.order?.status === 'CONFIRMED' ? undefined : `The order is ${reply.order?.status}`
  }

  /** @returns why that was not possible; undefined: the unit is free again */
  async letGo(shopper: number, reservationId: string): Promise<string | undefined> {
    const as = this.as(shopper, `${this.sale.id}-let-go-${reservationId}`)
    const reply = await this.told(this.shop.cancelReservation({ id: reservationId }, as))
    return isRefusal(reply) ? reply.why : undefined
  }

  private as(shopper: number, idempotencyKey: string): CallOptions {
    return { idempotencyKey, headers: { authorization: `Bearer ${this.tokens[shopper]}` } }
  }

  private async told<Answer>(call: Promise<Answer>): Promise<Answer | Refusal> {
    try {
      return await call
    } catch (error) {
      if (error instanceof HoldfastApiError) return new Refusal(error.code, `${error.problem.detail} (${error.code})`)
      return new Refusal('', 'The gateway did not answer')
    }
  }
}

/** Why somebody did not get what they asked for. */
class Refusal {
  constructor(
    readonly code: string,
    /** In words. */
    readonly why: string,
  ) {}
}

const isRefusal = (reply: unknown): reply is Refusal => reply instanceof Refusal
