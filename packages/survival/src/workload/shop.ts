import { api, logIn, registerUser, type TestUser, waitFor } from '@holdfast/testing'

import type { Cluster } from '../cluster/cluster'
import { assortment, stockOf, warehouses } from './story'

/** Who shops, and who runs the shop. */
export interface Shop {
  admin: TestUser
  users: TestUser[]
}

/** Fills the shop before anything goes wrong. */
export async function openShop({ links, credentials }: Cluster, clients: number): Promise<Shop> {
  const [url] = links.gatewayUrls
  const admin = await logIn(url, credentials.admin)
  const as = api(url, { token: admin.token })
  // Each service is ready by itself; that they have found one another shows in a call that needs two.
  await waitFor(async () => (await as.post('/v1/reservations:sweep', {})).status === 200, {
    what: 'the services to reach one another',
    timeoutMs: 60_000,
  })
  const must = async (path: string, body: unknown): Promise<void> => {
    const reply = await as.post(path, body)
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  }
  await must('/v1/warehouses', { code: warehouses[1], name: 'The second' })
  for (const sku of [...assortment.hot, ...assortment.baskets, assortment.queued, assortment.moved]) {
    await must('/v1/products', {
      sku,
      name: sku,
      price: { currency: 'USD', amountMinor: '1000' },
      stock: stockOf(sku),
    })
  }
  const users = await Promise.all(Array.from({ length: clients }, async () => registerUser(url)))
  return { admin, users }
}
