/** What shoppers have of what is limited, and what they may have still (docs/decisions/034). Pure. */
import type { HoldItem } from '@holdfast/contracts/inventory'
import { HoldfastError } from '@holdfast/service'

import type { ProductView } from './world'

/** For every shopper where the product does not say otherwise; 0 is none. */
export interface Limits {
  /** Units of one SKU: held, or bought and kept. */
  units: number
  /** Holds at once. */
  holds: number
}

export interface Claim {
  /** Empty: the hold itself. */
  sku: string
  units: number
  /** That the owner may have, this among them. */
  most: number
}

/** What an owner has of a SKU. */
export interface ClaimView {
  units: number
  /** Holds among them that are past their time: they do not count once they are taken back (truth 11). */
  due: readonly string[]
}

export function claimKey(owner: string, sku: string): string {
  return `${sku} ${owner}`
}

interface WantedClaim extends Claim {
  /** The first line that it is about. */
  line: number
}

/** All that a hold would count for: a bundle for itself and for its parts. */
export function claimsOf(item: HoldItem, products: ReadonlyMap<string, ProductView>, limits: Limits): WantedClaim[] {
  const claims = new Map<string, WantedClaim>()
  const add = (sku: string, units: number, line: number): void => {
    const most = products.get(sku)?.mostPerShopper ?? limits.units
    if (most === 0) return
    claims.set(sku, { sku, most, units: units + (claims.get(sku)?.units ?? 0), line: claims.get(sku)?.line ?? line })
  }
  for (const [line, { sku, quantity }] of item.lines.entries()) {
    add(sku, quantity, line)
    for (const part of products.get(sku)?.parts ?? []) add(part.sku, part.quantity * quantity, line)
  }
  const hold = { sku: '', units: 1, most: limits.holds, line: 0 }
  return [...(limits.holds > 0 ? [hold] : []), ...claims.values()]
}

/** @param sku empty: of reservations themselves @param left units that are possible still @param line the first that it is about */
export function limitExceeded(most: number, sku: string, left: number, line: number): HoldfastError {
  const message = `at most ${most} for each shopper, of which ${left} are left`
  return sku === ''
    ? new HoldfastError('LIMIT_EXCEEDED', `At most ${most} reservations for each shopper at once`, {
        fields: [{ field: 'lines', message }],
      })
    : new HoldfastError('LIMIT_EXCEEDED', `At most ${most} of ${sku} for each shopper; ${left} more are possible`, {
        fields: [{ field: `lines[${line}].quantity`, message }],
      })
}

/** What everybody has while a batch is planned: those before get it first. */
export class Claims {
  private readonly taken = new Map<string, number>()

  constructor(private readonly known: ReadonlyMap<string, ClaimView>) {}

  /** @returns undefined: it is within the limits */
  refusalOf(owner: string, wanted: readonly WantedClaim[]): { refusal: HoldfastError; dueHolds: readonly string[] } | undefined {
    const over = wanted.find(({ sku, units, most }) => this.has(owner, sku) + units > most)
    if (over === undefined) return undefined
    const left = Math.max(over.most - this.has(owner, over.sku), 0)
    return {
      refusal: limitExceeded(over.most, over.sku, left, over.line),
      dueHolds: this.known.get(claimKey(owner, over.sku))?.due ?? [],
    }
  }

  take(owner: string, wanted: readonly WantedClaim[]): void {
    for (const { sku, units } of wanted) {
      const key = claimKey(owner, sku)
      this.taken.set(key, (this.taken.get(key) ?? 0) + units)
    }
  }

  private has(owner: string, sku: string): number {
    const key = claimKey(owner, sku)
    return (this.known.get(key)?.units ?? 0) + (this.taken.get(key) ?? 0)
  }
}
