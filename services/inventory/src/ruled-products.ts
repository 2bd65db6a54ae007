import type { ProductView } from './world'

/** How long it is believed, in ms. A wrong belief costs a plan, never an answer. */
const believedMs = 1_000
const mostRemembered = 10_000

/** Products that were found to have rules a moment ago: a batch with one of them is planned at once, not asked for in vain first. */
export class RuledProducts {
  private readonly until = new Map<string, number>()

  any(lines: readonly { sku: string }[]): boolean {
    if (this.until.size === 0) return false
    const now = performance.now()
    return lines.some(({ sku }) => (this.until.get(sku) ?? 0) > now)
  }

  remember(products: ReadonlyMap<string, ProductView>): void {
    if (this.until.size > mostRemembered) this.until.clear()
    const until = performance.now() + believedMs
    for (const [sku, { parts, mostPerShopper, waiting, backorder }] of products) {
      if ([parts, mostPerShopper, waiting, backorder].some((rule) => rule !== undefined)) this.until.set(sku, until)
    }
  }
}
