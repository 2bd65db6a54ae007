import { parseOrigins } from './cors'

test('origins are as browsers send them', () => {
  expect([...(parseOrigins('https://shop.example, http://localhost:5173') ?? [])]).toEqual([
    'https://shop.example',
    'http://localhost:5173',
  ])
  expect([...(parseOrigins('*') ?? [])]).toEqual(['*'])
})

test.each([
  'shop.example',
  'https://shop.example/',
  'https://shop.example:443',
  'https://shop.example,',
  '*, https://a.example',
  'null',
])('%j is no list of them', (text) => {
  expect(parseOrigins(text)).toBeUndefined()
})
