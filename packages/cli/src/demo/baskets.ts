import { parse } from 'csv-parse/sync'

/** What one customer bought together. */
export interface Basket {
  invoice: string
  /** As written down at the till: the same SKU may stand in several lines. */
  lines: { sku: string; quantity: number }[]
}

export interface SoldProduct {
  sku: string
  name: string
  /** The first price of the day, in pence. */
  amountMinor: number
  /** Units sold that day. */
  units: number
}

export interface ShopDay {
  baskets: Basket[]
  products: SoldProduct[]
  /** Over all baskets. */
  lines: number
  units: number
}

/** The columns that are read; the file has more. */
interface CsvLine {
  InvoiceNo: string
  StockCode: string
  Description: string
  Quantity: string
  UnitPrice: string
}

/** Postage, carriage, discounts and what was entered by hand. */
const noProducts = new Set(['POST', 'C2', 'D', 'M'])

/** @param csv one day of "Online Retail", with its header line */
export function readShopDay(csv: string): ShopDay {
  const sales = parse<CsvLine>(csv, { columns: true, skip_empty_lines: true, bom: true }).filter(isSale)
  const baskets = new Map<string, Basket>()
  const products = new Map<string, SoldProduct>()
  for (const sale of sales) {
    const { InvoiceNo: invoice, Description: description } = sale
    const sku = sale.StockCode.toUpperCase()
    const quantity = Number(sale.Quantity)
    const basket = baskets.get(invoice) ?? { invoice, lines: [] }
    basket.lines.push({ sku, quantity })
    baskets.set(invoice, basket)
    const product = products.get(sku) ?? { sku, name: '', amountMinor: Math.round(Number(sale.UnitPrice) * 100), units: 0 }
    product.name ||= description.trim()
    product.units += quantity
    products.set(sku, product)
  }
  // A product must have a name, and some lines have none.
  const named = [...products.values()].map((product) => ({ ...product, name: product.name || product.sku }))
  const units = named.reduce((sum, product) => sum + product.units, 0)
  return { baskets: [...baskets.values()], products: named, lines: sales.length, units }
}

/** Returns are invoices that begin with C. */
function isSale(line: CsvLine): boolean {
  return !line.InvoiceNo.startsWith('C') && !noProducts.has(line.StockCode.toUpperCase())
}
