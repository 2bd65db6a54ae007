import { type Availability, GetAvailabilityResponse } from '@holdfast/contracts/inventory'

import { expectStatus } from '../client'
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
export async function makeProducts(session: Session, products: readonly ProductToMake[]): Promise<void> {
  const step = session.progress.begin('products', products.length)
  await concurrently(products, atOnce, async ({ sku, name, currency, amountMinor }) => {
    const body = { sku, name, price: { currency, amountMinor: String(amountMinor) } }
    const reply = await session.client.call('POST', '/v1/products', { token: session.admin, body })
    expectStatus(reply, [200, 201, 409], `make the product ${sku}`)
    step.tick()
  })
  step.end()
}

/** What there is of each SKU. */
export async function readStock(session: Session, skus: readonly string[]): Promise<Map<string, Availability>> {
  const chunks = Array.from({ length: Math.ceil(skus.length / skusAtOnce) }, (_, index) =>
    skus.slice(index * skusAtOnce, (index + 1) * skusAtOnce),
  )
  const levels = await concurrently(chunks, atOnce, async (chunk) => {
    const query = new URLSearchParams(chunk.map((sku): [string, string] => ['skus', sku]))
    const reply = await session.client.call('GET', `/v1/availability?${query.toString()}`)
    expectStatus(reply, [200], 'read the stock')
    return GetAvailabilityResponse.fromJSON(reply.body).availability
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

async function adjust(session: Session, sku: string, delta: number): Promise<void> {
  const body = { delta, reason: 'Holdfast demo: stock set to what the demo needs' }
  const reply = await session.client.call('POST', `/v1/products/${encodeURIComponent(sku)}/stock:adjust`, {
    token: session.admin,
    body,
  })
  expectStatus(reply, [200, 201], `adjust the stock of ${sku}`)
}
