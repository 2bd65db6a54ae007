import { api, logIn, registerUser, type TestUser, waitFor } from '@holdfast/testing'

import type { Cluster } from '../cluster/cluster'
import { assortment, stockOf, warehouses } from './story'

/** Who shops, and who runs the shop. */
export interface Shop {
  admin: TestUser
  users: TestUser[]
}

/** A busy machine may need some tries for the first calls; ms. */
const patience = { timeoutMs: 120_000 }

/** Fills the shop before anything goes wrong. */
export async function openShop({ links, credentials }: Cluster, clients: number): Promise<Shop> {
  const [url] = links.gatewayUrls
  const admin = await waitFor(async () => logIn(url, credentials.admin), { what: 'the admin to log in', ...patience })
  const as = api(url, { token: admin.token })
  const make = async (path: string, name: string, body: object): Promise<void> => {
    const reply = await waitFor(
      async () => {
        const answer = await as.post(path, body, { idempotencyKey: `${path}-${name}` })
        if (answer.status >= 500) throw new Error(JSON.stringify(answer.body))
        return answer
      },
      { what: `${path} to make ${name}`, ...patience },
    )
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  }
  await make('/v1/warehouses', warehouses[1], { code: warehouses[1], name: 'The second' })
  const price = { currency: 'USD', amountMinor: '1000' }
  for (const sku of [...assortment.hot, ...assortment.baskets, assortment.queued, assortment.moved]) {
    await make('/v1/products', sku, { sku, name: sku, price, stock: stockOf(sku) })
  }
  const users = await Promise.all(
    Array.from({ length: clients }, async (_, client) =>
      waitFor(async () => registerUser(url), { what: `client ${client} to register`, ...patience }),
    ),
  )
  // Each service is ready by itself; that they have found one another shows in a call that needs two.
  await waitFor(async () => (await as.post('/v1/reservations:sweep', {})).status === 200, {
    what: 'the services to reach one another',
    ...patience,
  })
  return { admin, users }
}
