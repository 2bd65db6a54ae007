/** Every RPC of the descriptors against every kind of caller, over gRPC and JSON: a new RPC is in it by itself (truth 10). */
import { create, toBinary } from '@bufbuild/protobuf'
import { Client, credentials, Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js'
import { type HttpRule, type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'
import { createServiceTokens } from '@holdfast/service'
import { adminToken } from '@holdfast/testing'

import { openShop, type Shop } from './shop'

const services = ['inventory', 'reservation', 'order', 'audit', 'gateway', 'notification', 'demo'] as const
type ServiceName = (typeof services)[number]
type Caller = 'nobody' | 'user' | 'admin' | `service ${ServiceName}`

let shop: Shop
let tokens: { user: string; admin: string }
const clients = new Map<ServiceName, Client>()

beforeAll(async () => {
  shop = await openShop({ notifications: true, demo: true })
  await newTokens()
  for (const name of services) clients.set(name, new Client(addressOf(name), credentials.createInsecure()))
})
afterAll(async () => {
  for (const client of clients.values()) client.close()
  await shop.close()
})

const addressOf = (name: ServiceName): string => (name === 'demo' ? (shop.system.demoAddress ?? '') : shop.system.grpc[name])

function keyOf(name: ServiceName): string {
  const { servicePrivateKeys, demoPrivateKey = '' } = shop.system.keys
  return name === 'demo' ? demoPrivateKey : servicePrivateKeys[name]
}

async function newTokens(): Promise<void> {
  tokens = { user: (await shop.shopper()).user.token, admin: await adminToken(shop.system) }
}

/** Who is let in there has no good token any more. */
const endsTokens = (rpc: RpcDescriptor): boolean => rpc.method === 'LogoutEverywhere'

/** What the access option says, in words of its own: a second reading beside the one that enforces it. */
function expected(rpc: RpcDescriptor, caller: Caller): 'let in' | 'UNAUTHENTICATED' | 'PERMISSION_DENIED' {
  const { who, callers } = rpc.access
  if (who === 'PUBLIC') return 'let in'
  if (caller === 'nobody') return 'UNAUTHENTICATED'
  if (caller === 'admin') return who === 'SERVICE' ? 'PERMISSION_DENIED' : 'let in'
  if (caller === 'user') return who === 'USER' ? 'let in' : 'PERMISSION_DENIED'
  return callers.includes(caller.slice('service '.length)) ? 'let in' : 'PERMISSION_DENIED'
}

/** The process that serves it: auth is the gateway's own, combined calls are served by all. */
function ownerOf(rpc: RpcDescriptor): ServiceName {
  const context = rpc.service.split('.')[1]
  const owner = services.find((name) => name === ({ auth: 'gateway', common: 'reservation' }[context ?? ''] ?? context))
  if (owner === undefined) throw new Error(`${rpc.service} is served by nobody`)
  return owner
}

function metadataOf(caller: Caller, owner: ServiceName): Metadata {
  const metadata = new Metadata()
  if (caller === 'user' || caller === 'admin') metadata.set('authorization', `Bearer ${tokens[caller]}`)
  if (caller.startsWith('service ')) {
    const name = services.find((service) => caller === `service ${service}`) ?? 'gateway'
    const { servicePublicKeys } = shop.system.keys
    metadata.set('x-service-token', createServiceTokens(name, keyOf(name), servicePublicKeys).issueFor(owner))
  }
  return metadata
}

/** An empty request: who is let in is answered by the rules, who is not by the door. */
async function call(rpc: RpcDescriptor, caller: Caller): Promise<string> {
  const owner = ownerOf(rpc)
  const request = Buffer.from(toBinary(rpc.desc.input, create(rpc.desc.input)))
  const error = await new Promise<ServiceError | null>((resolve) => {
    const same = (bytes: Buffer): Buffer => bytes
    clients
      .get(owner)
      ?.makeUnaryRequest(rpc.path, same, same, request, metadataOf(caller, owner), { deadline: Date.now() + 20_000 }, resolve)
  })
  if (error?.code === Grpc.UNAUTHENTICATED) return 'UNAUTHENTICATED'
  if (error?.code === Grpc.PERMISSION_DENIED) return 'PERMISSION_DENIED'
  if (error?.code === Grpc.UNIMPLEMENTED || error?.code === Grpc.INTERNAL) return Grpc[error.code]
  return 'let in'
}

// A login, refresh and logout with nothing in them are refused as UNAUTHENTICATED by their own rules, not by the door.
const rulesSayUnauthenticated = new Set(['Login', 'Refresh'])
const rpcs = rpcDescriptors().filter((rpc) => !rulesSayUnauthenticated.has(rpc.method))
const callers: Caller[] = ['nobody', 'user', 'admin', ...services.map((name): Caller => `service ${name}`)]

test.each(rpcs.map((rpc) => ({ name: `${rpc.service.split('.')[1]}.${rpc.method}`, rpc })))(
  '$name lets in over gRPC whom its proto names',
  async ({ rpc }) => {
    const found = await Promise.all(callers.map(async (caller) => [caller, await call(rpc, caller)]))
    if (endsTokens(rpc)) await newTokens()
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(callers.map((caller) => [caller, expected(rpc, caller)])))
  },
)

const routed = rpcs.flatMap((rpc) =>
  rpc.route === undefined ? [] : [{ name: routeOf(rpc.route).join(' '), rpc, route: routeOf(rpc.route) }],
)

test.each(routed)('$name lets in over JSON whom its proto names', async ({ rpc, route: [method, path] }) => {
  const people = ['nobody', 'user', 'admin'] as const
  const found = await Promise.all(
    people.map(async (caller) => {
      const headers = {
        'content-type': 'application/json',
        ...(caller !== 'nobody' && { authorization: `Bearer ${tokens[caller]}` }),
      }
      const body = method === 'GET' || method === 'DELETE' ? undefined : '{}'
      const { status } = await fetch(`${shop.system.url}${path.replaceAll(/\{[^}]+\}/g, 'x')}`, { method, headers, body })
      expect(status).not.toBe(500)
      const door = status === 401 ? 'UNAUTHENTICATED' : status === 403 ? 'PERMISSION_DENIED' : 'let in'
      return [caller, door] as const
    }),
  )
  if (endsTokens(rpc)) await newTokens()
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(people.map((caller) => [caller, expected(rpc, caller)])))
})

test('an RPC without a route can not be reached over JSON', async () => {
  const hidden = rpcDescriptors().filter((rpc) => rpc.route === undefined)
  expect(hidden.length).toBeGreaterThan(0)
  for (const rpc of hidden) {
    const response = await fetch(`${shop.system.url}${rpc.path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.admin}` },
    })
    expect(response.status).toBe(404)
  }
})

function routeOf(rule: HttpRule): [method: string, path: string] {
  for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
    const path = rule[method]
    if (path !== undefined && path !== '') return [method.toUpperCase(), path]
  }
  throw new Error('a route without a method')
}
