/** What Tab offers of a running system. */
import type { CallOptions, Client } from '@holdfast/client'

import { showMoney } from '../money'
import { inLines } from '../views'

/** What an argument is the name of. */
export type ValueKind = 'sku' | 'reservation' | 'order'

/** A word that may come next, and what it is. */
export interface Candidate {
  value: string
  about: string
}

export type Values = (kind: ValueKind) => Promise<Candidate[]>

/** Most SKUs. */
const skusLimit = 1_000
/** Most ids; nobody reads more. */
const idsLimit = 50
/** SKUs that were read are offered for so long, in ms. */
const keptMs = 30_000

/** Words alone: in some shells anything else would be more than a word. */
const isWord = ({ value }: Candidate): boolean => /^[A-Za-z0-9][\w.-]*$/.test(value)

/** Products; one's reservations that are active; one's orders, the newest in front. */
export async function readValues(client: Client, kind: ValueKind, options: CallOptions): Promise<Candidate[]> {
  return (await read[kind](client, options)).filter(isWord)
}

const read: Record<ValueKind, (client: Client, options: CallOptions) => Promise<Candidate[]>> = {
  sku: async (client, options) => {
    const { products } = await client.listProducts({ pageSize: skusLimit }, options)
    return products.map(({ sku, name }) => ({ value: sku, about: name }))
  },
  reservation: async (client, options) => {
    const { reservations } = await client.listReservations({ status: 'ACTIVE', pageSize: idsLimit }, options)
    return reservations.map(({ id, lines }) => ({ value: id, about: inLines(lines) }))
  },
  order: async (client, options) => {
    const { orders } = await client.listOrders({ pageSize: idsLimit }, options)
    return orders.map(({ id, status, total }) => ({
      value: id,
      about: total === undefined ? status : `${status}, ${showMoney(total)}`,
    }))
  },
}

/** For one who goes on asking: SKUs are not read each time. */
export function keptValues(client: Client, timeoutMs: number): Values {
  let kept: { skus: Candidate[]; readAt: number } | undefined
  return async (kind) => {
    if (kind !== 'sku') return readValues(client, kind, { timeoutMs })
    if (kept === undefined || performance.now() - kept.readAt > keptMs) {
      kept = { skus: await readValues(client, kind, { timeoutMs }), readAt: performance.now() }
    }
    return kept.skus
  }
}
