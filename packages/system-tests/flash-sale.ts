/** Sales of the flash-sale room, over the public API. */
import { createClient, type Sale } from '@holdfast/client'
import { adminToken } from '@holdfast/testing'

import type { Shop } from './shop'

export type { Sale }

export interface SaleReply {
  sale: Sale
  replayed: boolean
}

/** @returns its id */
export async function startSale({ admin }: Shop, wanted: object): Promise<string> {
  const { status, body } = await admin.post<SaleReply>('/v1/demo/sales', wanted)
  if (status !== 201) throw new Error(`no sale: ${status} ${JSON.stringify(body)}`)
  return body.sale.id
}

/** Watches a sale until it is so, or over, and leaves. */
export async function watched({ system }: Shop, id: string, isSo: (sale: Sale) => boolean = () => false): Promise<Sale> {
  const token = await adminToken(system)
  const leaving = new AbortController()
  for await (const { sale } of createClient({ url: system.url, token: () => token }).watchSale({ id }, leaving)) {
    if (sale === undefined || !(isSo(sale) || ['DONE', 'STOPPED', 'FAILED'].includes(sale.phase))) continue
    leaving.abort()
    return sale
  }
  throw new Error('the stream ended before the sale')
}

/** The sale, when it is in that phase. */
export async function saleIs({ admin }: Shop, id: string, phase: Sale['phase']): Promise<Sale | undefined> {
  const { body } = await admin.get<SaleReply>(`/v1/demo/sales/${id}`)
  return body.sale.phase === phase ? body.sale : undefined
}
