import { type Availability, HoldfastApiError } from '@holdfast/client'

import { concurrently } from '../concurrently'
import { CliProblem } from '../problem'
import type { Session } from './session'

/** Changes of products and stock under way at a time. */
const atOnce = 16
/** SKUs in one question, so that its URL stays short. */
const skusAtOnce = 100

export interface ProductToMake {
  sku: string
  name: string
  currency: string
  amountMinor: number
}

/** Makes the products that are not there yet, without stock; those that are stay as they are. */
export async function makeProducts({ api, admin, progress }: Session, products: readonly ProductToMake[]): Promise<void> {
  const step = progress.begin('products', products.length)
  await concurrently(products, atOnce, async ({ sku, name, currency, amountMinor }) => {
    const made = admin.createProduct({ sku, name, price: { currency, amountMinor: String(amountMinor) } })
    await api.must(`make the product ${sku}`, made.catch(ifThere))
    step.tick()
  })
  step.end()
}

/** What is there already is as good as made. */
export function ifThere(error: unknown): void {
  if (!(error instanceof HoldfastApiError) || error.code !== 'ALREADY_EXISTS') throw error
}

/** What there is of each SKU. */
export async function readStock({ api }: Session, skus: readonly string[]): Promise<Map<string, Availability>> {
  const chunks = Array.from({ length: Math.ceil(skus.length / skusAtOnce) }, (_, index) =>
    skus.slice(index * skusAtOnce, (index + 1) * skusAtOnce),
  )
  const anonymous = api.as()
  const levels = await concurrently(chunks, atOnce, async (chunk) => {
    const { availability } = await api.must('read the stock', anonymous.getAvailability({ skus: chunk }))
    return availability
  })
  return new Map(levels.flat().map((level) => [level.sku, level]))
}

/**
 * Brings each SKU to exactly so many units, all of them free.
 * @throws CliProblem when some are reserved by others
 */
export async function setStock(session: Session, wanted: ReadonlyMap<string, number>): Promise<void> {
  const levels = await readStock(session, [...wanted.keys()])
  const reserved = [...levels.values()].filter((level) => level.reserved > 0)
  if (reserved.length > 0) {
    const example = reserved[0]?.sku ?? ''
    throw new CliProblem(
      `${reserved.length} of the demo's products, as ${example}, are reserved by others: run it again when those reservations have ended`,
    )
  }
  const step = session.progress.begin('stock levels', wanted.size)
  await concurrently([...wanted], atOnce, async ([sku, units]) => {
    const delta = units - (levels.get(sku)?.onHand ?? 0)
    if (delta !== 0) await adjust(session, sku, delta)
    step.tick()
  })
  step.end()
}

async function adjust({ api, admin }: Session, sku: string, delta: number): Promise<void> {
  const reason = 'Holdfast demo: stock set to what the demo needs'
  await api.must(`adjust the stock of ${sku}`, admin.adjustStock({ sku, delta, reason }))
}
