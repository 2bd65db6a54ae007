/** What a plan knows: products, where their units are, what is claimed. Read without a lock, by sql/world.ts. */
import type { ClaimView, Limits } from './claims'

export interface LevelView {
  warehouse: string
  /** Units that a new hold may have; below zero is none. */
  free: number
  /** Units that are promised here, and not there yet. */
  promised: number
  version: bigint
  /** Some of its units are held past their time: they will be free in a moment (truth 11). */
  due: boolean
}

export interface ProductView {
  /** When it was read: rules that have changed since make a plan void. */
  version: bigint
  /** Of a bundle, which has no levels. */
  parts: readonly { sku: string; quantity: number }[] | undefined
  /** Its own limit, in units; undefined: it has none. */
  mostPerShopper: number | undefined
  /** Units that others than the waitlist leave over all warehouses; undefined: it does not go first. */
  waiting: number | undefined
  backorder: BackorderRule | undefined
  levels: readonly LevelView[]
}

/** Beyond stock, units are promised in this one warehouse, of which `cap` may be promised at once. */
export interface BackorderRule {
  cap: number
  /** When they are expected. */
  until: Date | null
  warehouse: string
}

/** What the plan knows of the world. */
export interface World {
  /** By SKU; there is no such product where it is missing. */
  products: ReadonlyMap<string, ProductView>
  /** By channel: its warehouses, the first choice first. '' is all of them; there is no such channel where it is missing. */
  routes: ReadonlyMap<string, readonly string[]>
  limits: Limits
  /** By claimKey; nothing where it is missing. */
  claims: ReadonlyMap<string, ClaimView>
}
