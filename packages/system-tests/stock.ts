/** Stock as an admin changes it by hand over HTTP, and what is seen of it. */
import type { ProblemReply } from '@holdfast/testing'

import type { Shop } from './shop'

export interface Level {
  onHand: number
  reserved: number
  available: number
  withheld: number
  incoming: number
}

export interface Movement {
  kind: string
  delta: number
  quantity: number
  from: string
  to: string
  reason: string
  reasonCode: string
  reference: string
  warehouse: string
  actor: { role: string }
}

export interface AdjustReply {
  movement?: Movement
  level: Level & { damaged: number; quality: number; safety: number }
  replayed: boolean
}

/** Of every change that does not say another. */
export const reason = 'counted'

/** `stock:VERB` of a product. */
export async function post<Reply = AdjustReply>(shop: Shop, sku: string, verb: string, body: object, idempotencyKey?: string) {
  return shop.admin.post<Reply & ProblemReply>(`/v1/products/${sku}/stock:${verb}`, { reason, ...body }, { idempotencyKey })
}

/** Newest first. */
export async function history(shop: Shop, sku: string): Promise<Movement[]> {
  return (await shop.admin.get<{ movements: Movement[] }>(`/v1/products/${sku}/stock/history`)).body.movements
}

/** Over all warehouses, and in each. */
export async function levels(shop: Shop, sku: string) {
  const { body } = await shop.anonymous.get<{ availability: (Level & { warehouses: (Level & { warehouse: string })[] })[] }>(
    `/v1/availability?skus=${sku}`,
  )
  return body.availability[0]
}
