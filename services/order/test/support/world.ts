/** Inventory and reservation in memory: they keep state, decide about holds, and know who asks. */
import { randomUUID } from 'node:crypto'

import { InventoryServiceService, type ProtectRequest, type ReturnStockRequest } from '@holdfast/contracts/inventory'
import {
  type CreateReservationRequest,
  type Reservation,
  type Reservation_Status,
  ReservationServiceService,
} from '@holdfast/contracts/reservation'
import { type CallContext, type Handlers, HoldfastError, invalidField, notFound, seesAll, toItemError } from '@holdfast/service'

export interface Product {
  currency: string
  amountMinor: bigint
  stock: number
}

interface Kept {
  reservation: Reservation
  protectedUntil: number
}

export class World {
  readonly products = new Map<string, Product>([
    ['LAPTOP001', { currency: 'USD', amountMinor: 129_999n, stock: 100 }],
    ['CHARGER001', { currency: 'USD', amountMinor: 7_999n, stock: 100 }],
    ['CAMERA001', { currency: 'USD', amountMinor: 159_999n, stock: 0 }],
    ['ISLAND001', { currency: 'USD', amountMinor: 1_000_000_000_000n, stock: 1_000_000 }],
    ['LAMP001', { currency: 'EUR', amountMinor: 2_000n, stock: 100 }],
  ])
  readonly kept = new Map<string, Kept>()
  /** Hold id by the reference of its return. */
  readonly returned = new Map<string, string>()
  /** Called with an RPC's name before it has its effect. */
  before: (rpc: string) => Promise<void> | void = () => undefined

  reserve(
    userId: string,
    lines: { sku: string; quantity: number }[] = [{ sku: 'LAPTOP001', quantity: 1 }],
    ttlSeconds = 300,
  ): Reservation {
    return this.create(
      { lines: lines.map((line) => ({ ...line, warehouse: '' })), ttlSeconds, reservationId: randomUUID() },
      userId,
    ).reservation
  }

  /** As it is now: what is due reads as EXPIRED. */
  reservation(id: string): Reservation {
    return this.look(id).reservation
  }

  isProtected(id: string): boolean {
    return this.look(id).protectedUntil > Date.now()
  }

  expire(id: string): void {
    this.end(this.look(id), 'EXPIRED')
  }

  cancel(id: string): void {
    this.end(this.look(id), 'CANCELLED')
  }

  get inventory(): Handlers<typeof InventoryServiceService> {
    return handlersOf(InventoryServiceService, {
      protect: async ({ items }: ProtectRequest) => {
        await this.before('protect')
        return { results: items.map(({ id, graceMs }) => this.protect(id, graceMs)) }
      },
      returnStock: async ({ holdId, reference }: ReturnStockRequest) => {
        await this.before('returnStock')
        const replayed = this.returned.has(reference)
        if (!replayed) this.returned.set(reference, holdId)
        return { replayed }
      },
    })
  }

  get reservations(): Handlers<typeof ReservationServiceService> {
    return handlersOf(ReservationServiceService, {
      getReservation: async ({ id }: { id: string }, ctx: CallContext) => {
        await this.before('getReservation')
        return { reservation: this.own(id, ctx).reservation, requestId: ctx.requestId }
      },
      createReservation: async (request: CreateReservationRequest, ctx: CallContext) => {
        await this.before('createReservation')
        return { ...this.create(request, ctx.actor.id), requestId: ctx.requestId }
      },
      cancelReservation: async ({ id }: { id: string }, ctx: CallContext) => {
        await this.before('cancelReservation')
        const kept = this.own(id, ctx)
        const { status } = kept.reservation
        if (kept.protectedUntil > Date.now()) throw new HoldfastError('PAYMENT_IN_PROGRESS', 'A payment is under way')
        if (status === 'ACTIVE') this.end(kept, 'CANCELLED')
        else if (status !== 'CANCELLED') throw refusal(status)
        return { reservation: kept.reservation, requestId: ctx.requestId, replayed: status === 'CANCELLED' }
      },
      commitReservation: async ({ id }: { id: string }) => {
        await this.before('commitReservation')
        const kept = this.look(id)
        const { status } = kept.reservation
        if (status === 'ACTIVE') this.end(kept, 'COMMITTED')
        else if (status !== 'COMMITTED') throw refusal(status)
        return { reservation: kept.reservation, replayed: status === 'COMMITTED' }
      },
    })
  }

  private protect(id: string, graceMs: number) {
    const kept = this.look(id)
    const { status } = kept.reservation
    if (graceMs > 0 && status !== 'ACTIVE') return { hold: undefined, error: toItemError(refusal(status)), replayed: false }
    kept.protectedUntil = graceMs === 0 ? 0 : Date.now() + graceMs
    return { hold: undefined, error: undefined, replayed: false }
  }

  private create(request: Pick<CreateReservationRequest, 'lines' | 'ttlSeconds' | 'reservationId'>, userId: string) {
    const id = request.reservationId
    const known = this.kept.get(id)
    if (known !== undefined) return { reservation: this.look(id).reservation, replayed: true }
    const ttlSeconds = request.ttlSeconds ?? 300
    const lines = request.lines.map(({ sku, quantity }, index) => {
      const product = this.products.get(sku)
      if (product === undefined) throw notFound('product', sku)
      if (quantity <= 0) throw invalidField(`lines[${index}].quantity`, 'must be at least 1')
      if (product.stock < quantity) throw new HoldfastError('INSUFFICIENT_STOCK', `There are not ${quantity} of ${sku}`)
      const { currency, amountMinor } = product
      return { sku, warehouse: 'MAIN', quantity, unitPrice: { currency, amountMinor }, parts: [], backordered: 0 }
    })
    const now = new Date()
    const expiresAt = new Date(now.getTime() + ttlSeconds * 1000)
    const reservation: Reservation = {
      id,
      userId,
      status: 'ACTIVE',
      lines,
      expiresAt,
      ttlSeconds,
      createdAt: now,
      updatedAt: now,
      version: 1,
      linesVersion: 1,
      fills: 0,
      parentId: '',
    }
    this.kept.set(id, { reservation, protectedUntil: 0 })
    return { reservation, replayed: false }
  }

  private look(id: string): Kept {
    const kept = this.kept.get(id)
    if (kept === undefined) throw notFound('reservation', id)
    const until = Math.max(kept.reservation.expiresAt?.getTime() ?? 0, kept.protectedUntil)
    if (kept.reservation.status === 'ACTIVE' && until <= Date.now()) this.end(kept, 'EXPIRED')
    return kept
  }

  private own(id: string, ctx: CallContext): Kept {
    const kept = this.look(id)
    if (!seesAll(ctx) && kept.reservation.userId !== ctx.actor.id) throw notFound('reservation', id)
    return kept
  }

  private end(kept: Kept, status: Reservation_Status): void {
    kept.reservation = { ...kept.reservation, status, version: kept.reservation.version + 1 }
    kept.protectedUntil = 0
  }
}

/** What a call meets when the other service is not there. */
export function away(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'A service that is needed is not there right now')
}

function refusal(status: Reservation_Status): HoldfastError {
  return status === 'EXPIRED'
    ? new HoldfastError('RESERVATION_EXPIRED', 'The reservation has expired')
    : new HoldfastError('RESERVATION_NOT_ACTIVE', `The reservation is ${status}`)
}

/** All RPCs of a service; those that are not given answer UNIMPLEMENTED. */
function handlersOf<Definition extends object>(
  definition: Definition,
  given: Partial<Handlers<Definition>>,
): Handlers<Definition> {
  const missing = async () => Promise.reject(new HoldfastError('UNIMPLEMENTED', 'not needed here'))
  const handlers = Object.fromEntries(Object.keys(definition).map((name) => [name, missing]))
  return { ...handlers, ...given } as Handlers<Definition>
}
