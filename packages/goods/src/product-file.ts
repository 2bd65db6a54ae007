/** Products as rows: docs/import-export.md says what the columns mean. */
import type { Money } from '@holdfast/contracts/common'
import type { BundlePart, Product } from '@holdfast/contracts/inventory'
import { invalidField } from '@holdfast/service'

import { type Cells, guardText, orNone, readWhole, readYes, unguardText } from './cells'
import {
  checkCurrency,
  checkDescription,
  checkMoney,
  checkName,
  checkParts,
  checkSku,
  checkUnits,
  mostLowStock,
  mostPerShopper,
} from './fields'
import type { FileKind } from './file-kind'
import { readPrice, writePrice } from './price'

/** What a row says of a product; undefined: nothing, null: that there is none. */
export interface ProductRow {
  sku: string
  name?: string
  description?: string
  price?: Money
  lowStockAt?: number | null
  mostPerShopper?: number | null
  waitlistFirst?: boolean
  /** Empty: it is no bundle. */
  parts?: BundlePart[]
}

const columns = [
  'sku',
  'name',
  'description',
  'price',
  'currency',
  'low_stock_at',
  'most_per_shopper',
  'waitlist_first',
  'parts',
] as const

export const productFile: FileKind<ProductRow> = {
  name: 'products',
  columns,
  whyNot: (columns) => {
    if (columns.has('price') !== columns.has('currency')) return 'price and currency come together'
    return columns.size === 1 ? 'there is nothing but SKUs' : undefined
  },
  readRow: (cells) => {
    const sku = cells.read('sku', (text) => checkSku('sku', text)) ?? ''
    const row: ProductRow = {
      sku,
      name: cells.read('name', (text) => checkName('name', unguardText(text))),
      description: cells.read('description', (text) => checkDescription('description', unguardText(text))),
      price: readMoney(cells),
      lowStockAt: cells.read(
        'low_stock_at',
        orNone((text) => checkUnits('low_stock_at', readWhole('low_stock_at', text), 0, mostLowStock)),
      ),
      mostPerShopper: cells.read(
        'most_per_shopper',
        orNone((text) => checkUnits('most_per_shopper', readWhole('most_per_shopper', text), 1, mostPerShopper)),
      ),
      waitlistFirst: cells.read('waitlist_first', (text) => readYes('waitlist_first', text)),
      parts: cells.read('parts', (text) => readParts(sku, text)),
    }
    if (row.parts !== undefined && row.parts.length > 0) {
      if (row.lowStockAt != null) cells.note('low_stock_at', 'a bundle has no stock of its own')
      if (row.waitlistFirst === true) cells.note('waitlist_first', 'nobody waits for a bundle')
    }
    return row
  },
  keyOf: ({ sku }) => sku,
}

function readMoney(cells: Cells): Money | undefined {
  const currency = cells.read('currency', (text) => checkCurrency('currency', text))
  if (currency === undefined) return undefined
  return cells.read('price', (text) => {
    const amountMinor = readPrice('price', text, currency)
    return checkMoney('price', { currency, amountMinor })
  })
}

/** As `TEA:2 CUP:1`. */
function readParts(sku: string, text: string): BundlePart[] {
  if (text === '') return []
  const parts = text.split(/\s+/).map((part) => {
    const [, name, quantity] = /^([^:]+):(\d{1,9})$/.exec(part) ?? []
    if (name === undefined) throw invalidField('parts', 'must be SKUs with how many of each, as TEA:2 CUP:1')
    return { sku: name, quantity: Number(quantity) }
  })
  return checkParts(sku, parts)
}

/** The cells of all columns. */
export function productCells(product: Product): string[] {
  const { currency = '', amountMinor = 0n } = product.price ?? {}
  return [
    product.sku,
    guardText(product.name),
    guardText(product.description),
    writePrice(amountMinor, currency),
    currency,
    String(product.lowStockAt ?? ''),
    String(product.mostPerShopper ?? ''),
    product.waitlistFirst ? 'yes' : '',
    product.parts.map(({ sku, quantity }) => `${sku}:${quantity}`).join(' '),
  ]
}
