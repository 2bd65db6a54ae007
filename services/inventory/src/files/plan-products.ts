/** What the rows of a file of products come to, given the products that there are. No I/O here. */
import { isDeepStrictEqual } from 'node:util'

import type { CellProblem, CsvRow, ProductRow as Said } from '@holdfast/goods'

import type { ProductRow } from '../sql/products'

/** What a product becomes: the columns of its row, and its parts. */
export type Wanted = Pick<
  ProductRow,
  'sku' | 'name' | 'description' | 'currency' | 'price_minor' | 'low_stock_at' | 'most_per_shopper' | 'waitlist_first' | 'parts'
>

export interface Update {
  before: ProductRow
  wanted: Wanted
  newParts: boolean
  /** Holds are made by what changes, so it changes under the locks of the levels. */
  ofRules: boolean
}

export interface ProductPlan {
  /** By SKU, as the updates. */
  creates: Wanted[]
  updates: Update[]
  unchanged: number
  problems: CellProblem[]
}

/** What holds are made by. */
const rules: readonly (keyof Wanted)[] = ['parts', 'most_per_shopper', 'waitlist_first']

/**
 * @param known the products of the file that there are, and those that its bundles are made of
 * @param assumed SKUs that count as products which are no bundles
 */
export function planProducts(
  rows: readonly CsvRow<Said>[],
  known: ReadonlyMap<string, ProductRow>,
  assumed: ReadonlySet<string>,
): ProductPlan {
  const plan: ProductPlan = { creates: [], updates: [], unchanged: 0, problems: [] }
  const inFile = new Map(rows.map(({ row }) => [row.sku, row]))
  const kindOf = (sku: string): 'bundle' | 'product' | undefined => {
    const product = known.get(sku)
    if (product !== undefined) return product.bundle ? 'bundle' : 'product'
    const row = inFile.get(sku)
    if (row === undefined) return assumed.has(sku) ? 'product' : undefined
    return isBundle(row) ? 'bundle' : 'product'
  }
  for (const { line, row } of rows) {
    const note = (column: string, message: string): void => void plan.problems.push({ line, column, message })
    for (const { sku } of row.parts ?? []) {
      const kind = kindOf(sku)
      if (kind !== 'product') note('parts', kind === 'bundle' ? `${sku} is a bundle itself` : `there is no product ${sku}`)
    }
    const before = known.get(row.sku)
    if (before === undefined) planCreate(plan, row, note)
    else planUpdate(plan, before, row, note)
  }
  const bySku = (a: { sku: string }, b: { sku: string }): number => (a.sku < b.sku ? -1 : 1)
  plan.creates.sort(bySku)
  plan.updates.sort((a, b) => bySku(a.before, b.before))
  return plan
}

const isBundle = ({ parts }: Said): boolean => parts !== undefined && parts.length > 0

type Note = (column: string, message: string) => void

function planCreate(plan: ProductPlan, row: Said, note: Note): void {
  if (row.name === undefined) note('name', `is needed: there is no product ${row.sku} yet`)
  if (row.price === undefined) note('price', `is needed: there is no product ${row.sku} yet`)
  plan.creates.push({
    sku: row.sku,
    name: row.name ?? '',
    description: row.description ?? '',
    currency: row.price?.currency ?? '',
    price_minor: row.price?.amountMinor ?? 0n,
    low_stock_at: row.lowStockAt ?? null,
    most_per_shopper: row.mostPerShopper ?? null,
    waitlist_first: row.waitlistFirst ?? false,
    parts: isBundle(row) ? (row.parts ?? null) : null,
  })
}

function planUpdate(plan: ProductPlan, before: ProductRow, row: Said, note: Note): void {
  if (isBundle(row) && !before.bundle) note('parts', `${row.sku} is no bundle, and does not become one`)
  if (row.parts?.length === 0 && before.bundle) note('parts', `${row.sku} is a bundle, and stays one`)
  if (before.bundle && row.lowStockAt != null) note('low_stock_at', 'a bundle has no stock of its own')
  if (before.bundle && row.waitlistFirst === true) note('waitlist_first', 'nobody waits for a bundle')
  const wanted: Wanted = {
    sku: row.sku,
    name: row.name ?? before.name,
    description: row.description ?? before.description,
    currency: row.price?.currency ?? before.currency,
    price_minor: row.price?.amountMinor ?? before.price_minor,
    low_stock_at: row.lowStockAt === undefined ? before.low_stock_at : row.lowStockAt,
    most_per_shopper: row.mostPerShopper === undefined ? before.most_per_shopper : row.mostPerShopper,
    waitlist_first: row.waitlistFirst ?? before.waitlist_first,
    parts: isBundle(row) ? (row.parts ?? null) : before.parts,
  }
  const differs = (Object.keys(wanted) as (keyof Wanted)[]).filter((field) => !isDeepStrictEqual(wanted[field], before[field]))
  if (differs.length === 0) plan.unchanged++
  else {
    const newParts = differs.includes('parts')
    plan.updates.push({ before, wanted, newParts, ofRules: differs.some((field) => rules.includes(field)) })
  }
}
