/**
 * Each process of each service is restarted under load, two of each, and keys are changed: no call fails, no client repeats one, and
 * a webhook tells of each order.
 */
import {
  adminToken,
  api,
  type Balancer,
  makePrivateKey,
  openBalancer,
  publicKeyOf,
  registerUser,
  rollOut,
  type ServiceName,
  startSteadyLoad,
  type SteadyLoad,
  waitFor,
} from '@holdfast/testing'

import { expectAtRest } from './books'
import { openReceiver, type Receiver } from './receiver'
import { openShop, type Shop } from './shop'

let shop: Shop
let balancer: Balancer
let load: SteadyLoad
let receiver: Receiver
beforeAll(async () => {
  // Longer by far than a balancer needs to hear of it, on a machine that is busy too.
  shop = await openShop({
    replicas: 2,
    gateways: 2,
    notifications: true,
    envFor: { gateway: { STOP_DELAY_MS: '3000' }, notification: { WEBHOOK_PRIVATE_TARGETS: 'on' } },
  })
  const urls = shop.system.replicas('gateway').flatMap(({ url }) => url ?? [])
  balancer = await openBalancer({ urls })
  receiver = await openReceiver()
  await receiver.register(shop, ['holdfast.order.confirmed.v1'])
  load = await startSteadyLoad({ balancer, admin: shop.system.credentials.admin })
}, 180_000)
afterAll(async () => {
  await load?.stop()
  await balancer?.stop()
  await shop?.close()
  await receiver?.close()
})

/** Restarts a service's processes in turn, or some of them, and has the load go on. */
async function restart(service: ServiceName, env: Record<string, string>, most = 2): Promise<void> {
  const replicas = shop.system.replicas(service).slice(0, most)
  const exits = await rollOut({ replicas, balancer, env })
  await load.goesOn()
  expect({ service, exits, failures: load.failures }).toEqual({ service, exits: replicas.map(() => 0), failures: [] })
}

const nextUserKey = makePrivateKey()
const nextServiceKey = makePrivateKey()

test('every process of every service is restarted in turn, a service with a new key once the others know it, and no call fails', async () => {
  const { servicePublicKeys } = shop.system.keys
  const reservation = `${servicePublicKeys.reservation}${publicKeyOf(nextServiceKey)}`
  const known = { SERVICE_PUBLIC_KEYS: JSON.stringify({ ...servicePublicKeys, reservation }) }
  await load.goesOn()
  await restart('gateway', { ...known, JWT_PREVIOUS_PUBLIC_KEYS: publicKeyOf(nextUserKey) })
  for (const service of ['inventory', 'audit', 'order', 'notification'] as const) await restart(service, known)
  await restart('reservation', { ...known, SERVICE_PRIVATE_KEY: nextServiceKey })
}, 300_000)

test("the key of users' tokens changes under load: old tokens are good until the old key is taken away", async () => {
  const { userTokenKey } = shop.system.keys
  const { token } = await registerUser(shop.system.url)
  const me = async () => (await api(shop.system.url).get('/v1/auth/me', { token })).status

  await restart('gateway', { JWT_PRIVATE_KEY: nextUserKey, JWT_PREVIOUS_PUBLIC_KEYS: publicKeyOf(userTokenKey) })
  await load.renewTokens()
  await load.goesOn()
  expect(await me()).toBe(200)

  await restart('gateway', { JWT_PREVIOUS_PUBLIC_KEYS: '' }, 1)
  expect(await me()).toBe(401)
  await load.stop()
  expect(load.failures).toEqual([])
  const hasHeard = () => {
    const heard = new Set(receiver.deliveries.map(({ subject }) => subject))
    return [...load.told.orders.keys()].every((id) => heard.has(id))
  }
  await waitFor(hasHeard, { what: 'a webhook of each order', timeoutMs: 120_000 })
  await expectAtRest({ ...shop, admin: api(shop.system.url, { token: await adminToken(shop.system) }) })
}, 300_000)
