import { type RpcDescriptor, rpcDescriptors } from '@holdfast/contracts'

import { buildRoutes, type Route } from './route-table'

const routed = rpcDescriptors().filter((rpc) => rpc.route !== undefined)
const routes = buildRoutes(routed)

function route(method: string, path: string): Route {
  const found = routes.find(method, path)
  if (found === undefined || !('value' in found)) throw new Error(`${method} ${path} is no route`)
  return found.value
}

function rpc(name: string): RpcDescriptor {
  const found = routed.find((candidate) => candidate.method === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

function withRule(name: string, rule: Partial<NonNullable<RpcDescriptor['route']>>): RpcDescriptor {
  const base = rpc(name)
  const { route: old } = base
  if (old === undefined) throw new Error(`${name} has no rule`)
  return { ...base, route: { ...old, get: undefined, post: undefined, patch: undefined, ...rule } }
}

test('every rule of the contract has its route', () => {
  for (const descriptor of routed) {
    const { get, post, put, patch, delete: remove } = descriptor.route ?? {}
    const [method, template] = Object.entries({ GET: get, POST: post, PUT: put, PATCH: patch, DELETE: remove }).find(
      ([, path]) => path !== undefined,
    ) ?? ['', '']
    const path = String(template).replaceAll(/\{[^}]*\}/g, 'x1')
    expect([method, path, route(method, path).rpc.path]).toEqual([method, path, descriptor.path])
  }
})

test('what is not routed on purpose has no route', () => {
  expect(rpcDescriptors().length).toBeGreaterThan(routed.length)
  expect(routes.find('POST', '/holdfast.inventory.v1.InventoryService/Hold')).toBeUndefined()
})

test.each([
  ['/v1/reservations', true, ['v1', 'reservations', '{id}']],
  ['/v1/orders', true, ['v1', 'orders', '{id}']],
  ['/v1/products', true, ['v1', 'products', '{sku}']],
  ['/v1/auth/register', true, ['v1', 'auth', 'me']],
])('POST %s makes something that is read at its own address', (path, creates, address) => {
  const made = route('POST', path)
  expect(made.creates).toBe(creates)
  const shown = made.location?.template.segments.map((segment, index) => {
    const key = made.location?.keys.get(index)
    return key ? `{${key.name}}` : segment.kind === 'literal' ? segment.text : '?'
  })
  expect(shown).toEqual(address)
})

test.each(['/v1/checkout', '/v1/reservations/x1:cancel', '/v1/reservations:sweep', '/v1/auth/login'])(
  'POST %s makes nothing new',
  (path) => {
    expect(route('POST', path)).toMatchObject({ creates: false, location: undefined })
  },
)

test('only what anybody may read may be kept by caches', () => {
  expect(route('GET', '/v1/products').cacheable).toBe(true)
  expect(route('GET', '/v1/orders').cacheable).toBe(false)
  expect(route('POST', '/v1/auth/login').cacheable).toBe(false)
})

test.each([
  ['a variable that is no field', { get: '/v1/x/{nope}' }, 'no single field nope'],
  ['a template that is none', { get: '/v1/x/{id' }, 'is not of the form'],
  ['a body that is no field', { post: '/v1/x', body: 'nope' }, 'has no field nope'],
  ['no method', {}, 'the rule has no method'],
])('%s is refused with the name of the RPC', (_what, rule, problem) => {
  expect(() => buildRoutes([withRule('GetOrder', rule)])).toThrow(problem)
  expect(() => buildRoutes([withRule('GetOrder', rule)])).toThrow('holdfast.order.v1.OrderService.GetOrder')
})

test('two RPCs on one method and path are refused', () => {
  expect(() => buildRoutes([rpc('GetOrder'), withRule('GetReservation', { get: '/v1/orders/{id}' })])).toThrow('two routes match')
})

test('a rule may have more addresses', () => {
  const base = rpc('GetOrder')
  const { route: rule } = base
  if (rule === undefined) throw new Error('GetOrder has no rule')
  const more = { ...base, route: { ...rule, additionalBindings: [{ ...rule, get: '/v2/orders/{id}' }] } }
  expect(buildRoutes([more]).find('GET', '/v2/orders/7')).toMatchObject({ segments: ['v2', 'orders', '7'] })
})
