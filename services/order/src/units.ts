/** SKU, warehouse ('' for any), quantity; sorted, each SKU and warehouse once. */
export type Units = [sku: string, warehouse: string, quantity: number][]

/** Lines in their one form: their order, spelling, and how they are split do not matter. Pure. */
export function sumUnits(lines: readonly { sku: string; warehouse: string; quantity: number }[]): Units {
  const sums = new Map<string, Units[number]>()
  for (const line of lines) {
    const [sku, warehouse] = [line.sku.toUpperCase(), line.warehouse.toUpperCase()]
    const place = JSON.stringify([sku, warehouse])
    sums.set(place, [sku, warehouse, line.quantity + (sums.get(place)?.[2] ?? 0)])
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, units]) => units)
}
