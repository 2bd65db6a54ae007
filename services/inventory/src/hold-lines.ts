/** The lines of a hold as its owner knows them: parts of a bundle are one line. Pure. */
import type { HoldLine } from '@holdfast/contracts/inventory'

export interface StoredLine {
  sku: string
  warehouse: string
  quantity: number
  price_minor: bigint
  currency: string
  bundle: { sku: string; units: number } | undefined
}

/** A bundle stands where the first of its parts stood; one of another price is another line. */
export function toHoldLines(stored: StoredLine[]): HoldLine[] {
  const lines: HoldLine[] = []
  const bundles = new Map<string, HoldLine>()
  for (const { sku, warehouse, quantity, price_minor: amountMinor, currency, bundle } of stored) {
    const unitPrice = { currency, amountMinor }
    if (bundle === undefined) {
      lines.push({ sku, warehouse, quantity, unitPrice, parts: [] })
      continue
    }
    const key = `${bundle.sku} ${currency} ${amountMinor}`
    let line = bundles.get(key)
    if (line === undefined) {
      line = { sku: bundle.sku, warehouse, quantity: bundle.units, unitPrice, parts: [] }
      bundles.set(key, line)
      lines.push(line)
    }
    if (line.warehouse !== warehouse) line.warehouse = ''
    line.parts.push({ sku, warehouse, quantity })
  }
  return lines
}
