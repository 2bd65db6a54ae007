import { parsePathTemplate } from './path-template'
import { PathTree } from './path-tree'

function treeOf(...routes: string[]): PathTree<string> {
  const tree = new PathTree<string>()
  for (const route of routes) {
    const [method = '', text = ''] = route.split(' ')
    tree.add(method, parsePathTemplate(text), route)
  }
  return tree
}

function find(tree: PathTree<string>, method: string, path: string): unknown {
  const found = tree.find(method, path)
  return found !== undefined && 'value' in found ? found.value : found?.allow
}

const tree = treeOf(
  'GET /v1/orders',
  'POST /v1/orders',
  'GET /v1/orders/{id}',
  'GET /v1/orders/latest',
  'POST /v1/orders/{id}:cancel',
  'POST /v1/orders:sweep',
  'GET /v1/orders/{id}/lines/{line}',
  'GET /v1/files/{path=**}',
  'GET /v1/files/{path=**}:stat',
  'GET /v1/files/readme',
  'GET /v1/{name=shelves/*/books/*}',
)

test.each([
  ['GET', '/v1/orders', 'GET /v1/orders'],
  ['POST', '/v1/orders', 'POST /v1/orders'],
  ['GET', '/v1/orders/7', 'GET /v1/orders/{id}'],
  ['GET', '/v1/orders/latest', 'GET /v1/orders/latest'],
  ['POST', '/v1/orders/7:cancel', 'POST /v1/orders/{id}:cancel'],
  ['POST', '/v1/orders:sweep', 'POST /v1/orders:sweep'],
  ['GET', '/v1/orders/a:b', 'GET /v1/orders/{id}'],
  ['GET', '/v1/orders/latest/lines/2', 'GET /v1/orders/{id}/lines/{line}'],
  ['GET', '/v1/files', 'GET /v1/files/{path=**}'],
  ['GET', '/v1/files/a/b/c', 'GET /v1/files/{path=**}'],
  ['GET', '/v1/files/a/b:stat', 'GET /v1/files/{path=**}:stat'],
  ['GET', '/v1/files/readme', 'GET /v1/files/readme'],
  ['GET', '/v1/files/readme/more', 'GET /v1/files/{path=**}'],
  ['GET', '/v1/shelves/1/books/2', 'GET /v1/{name=shelves/*/books/*}'],
])('%s %s goes to %s', (method, path, route) => {
  expect(find(tree, method, path)).toBe(route)
})

test.each([
  '/',
  '/v1',
  '/v1/',
  '/v1/orders/',
  '/v1/orders//lines/1',
  '/V1/orders',
  '/v1/orders/7/lines',
  '/v1/shelves/1/books',
  '//v1/orders',
])('%s is nowhere', (path) => {
  expect(find(tree, 'GET', path)).toBeUndefined()
})

test('a path that is there says which methods it takes', () => {
  expect(find(tree, 'DELETE', '/v1/orders')).toEqual(['GET', 'POST'])
  expect(find(tree, 'POST', '/v1/orders/7')).toEqual(['GET'])
})

test('a path with a known verb is never taken for one without', () => {
  expect(find(tree, 'GET', '/v1/orders/7:cancel')).toEqual(['POST'])
})

test('the segments come as they are in the path, without the verb', () => {
  expect(tree.find('POST', '/v1/orders/a%20b:cancel')).toMatchObject({ segments: ['v1', 'orders', 'a%20b'] })
})

test.each([
  ['GET /v1/{a}', 'GET /v1/{b}'],
  ['GET /v1/{a=x/*}', 'GET /v1/x/{b}'],
  ['GET /v1/{a=**}', 'GET /v1/**'],
  ['POST /v1/{a}:go', 'POST /v1/*:go'],
])('%s and %s can not be told apart', (first, second) => {
  expect(() => treeOf(first, second)).toThrow('two routes match')
})
