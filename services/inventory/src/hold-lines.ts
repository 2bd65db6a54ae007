/** The lines of a hold as its owner knows them: parts of a bundle are one line. Pure. */
import type { HoldLine } from '@holdfast/contracts/inventory'

export interface StoredLine {
  sku: string
  warehouse: string
  quantity: number
  price_minor: bigint
  currency: string
  bundle: { sku: string; units: number } | undefined
  /** Of the quantity: units that are still to come. */
  promised: number
  /** When they are expected. */
  backorder_until: Date | null
}

/** A bundle stands where the first of its parts stood; one of another price is another line. */
export function toHoldLines(stored: StoredLine[]): HoldLine[] {
  const lines: HoldLine[] = []
  const bundles = new Map<string, HoldLine>()
  for (const { sku, warehouse, quantity, price_minor: amountMinor, currency, bundle, promised, backorder_until } of stored) {
    const unitPrice = { currency, amountMinor }
    const backorderUntil = promised > 0 ? (backorder_until ?? undefined) : undefined
    if (bundle === undefined) {
      lines.push({ sku, warehouse, quantity, unitPrice, parts: [], backordered: promised, backorderUntil })
      continue
    }
    const key = `${bundle.sku} ${currency} ${amountMinor}`
    let line = bundles.get(key)
    if (line === undefined) {
      line = { sku: bundle.sku, warehouse, quantity: bundle.units, unitPrice, parts: [], backordered: 0, backorderUntil }
      bundles.set(key, line)
      lines.push(line)
    }
    if (line.warehouse !== warehouse) line.warehouse = ''
    line.parts.push({ sku, warehouse, quantity, backordered: promised })
    line.backordered = lackingOf(line)
    // It is whole when the last of its parts is there.
    if (backorderUntil !== undefined && !(line.backorderUntil && line.backorderUntil > backorderUntil))
      line.backorderUntil = backorderUntil
  }
  return lines
}

/** How many of a bundle lack some part. */
function lackingOf({ quantity: units, parts }: HoldLine): number {
  const bySku = [...Map.groupBy(parts, ({ sku }) => sku).values()]
  const sum = (list: HoldLine['parts'], of: 'quantity' | 'backordered') => list.reduce((total, part) => total + part[of], 0)
  return Math.max(...bySku.map((list) => Math.ceil((sum(list, 'backordered') * units) / sum(list, 'quantity'))))
}
