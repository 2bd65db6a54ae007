import { CreateReservationRequest } from '@holdfast/contracts/reservation'
import { HoldfastError } from '@holdfast/service'
import * as fc from 'fast-check'

import { checkWanted, inWordsOfRequest } from './wanted'

const limits = { ttlDefault: 300, ttlMin: 5, ttlMax: 3_600, maxLines: 3 }
const line = (sku: string, quantity = 1, warehouse = '') => ({ sku, quantity, warehouse })
const check = (lines: ReturnType<typeof line>[], ttlSeconds?: number) =>
  checkWanted(CreateReservationRequest.fromPartial({ lines, ttlSeconds }), limits)

function problemsOf(lines: ReturnType<typeof line>[], ttlSeconds?: number): string[] {
  try {
    check(lines, ttlSeconds)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'INVALID_ARGUMENT') return error.fields.map(({ field }) => field)
    throw error
  }
  return []
}

test('the same SKU twice of one warehouse, or of any, is one line with the sum', () => {
  const { lines, ttlSeconds } = check([line('b', 2), line('B', 3), line('B', 4, 'main')])
  expect(lines).toEqual([
    { sku: 'B', warehouse: '', quantity: 5, index: 0 },
    { sku: 'B', warehouse: 'MAIN', quantity: 4, index: 2 },
  ])
  expect(ttlSeconds).toBe(300)
})

test.each([
  ['no lines', [], undefined, ['lines']],
  ['too many lines', [line('A'), line('B'), line('C'), line('D')], undefined, ['lines']],
  ['no SKU', [line('')], undefined, ['lines[0].sku']],
  ['a SKU that begins wrong', [line('-A')], undefined, ['lines[0].sku']],
  [
    'a SKU beyond ASCII that becomes ASCII in upper case',
    [line('stra\u00dfe'), line('\u017fku')],
    undefined,
    ['lines[0].sku', 'lines[1].sku'],
  ],
  ['a SKU of 65 characters', [line('A'.repeat(65))], undefined, ['lines[0].sku']],
  ['a SKU with a line end', [line('A\n')], undefined, ['lines[0].sku']],
  [
    'zero, negative, huge, fractional',
    [line('A', 0), line('B', -1), line('C', 1_000_001)],
    undefined,
    [0, 1, 2].map((i) => `lines[${i}].quantity`),
  ],
  ['a fraction', [line('A', 1.5)], undefined, ['lines[0].quantity']],
  ['a sum that is huge', [line('B', 1), line('A', 1_000_000), line('A', 1)], undefined, ['lines[1].quantity']],
  ['a warehouse that is none', [line('A', 1, 'a b')], undefined, ['lines[0].warehouse']],
  ['too short a life', [line('A')], 4, ['ttlSeconds']],
  ['a life of nothing', [line('A')], 0, ['ttlSeconds']],
  ['a negative life', [line('A')], -5, ['ttlSeconds']],
  ['too long a life', [line('A')], 3_601, ['ttlSeconds']],
  ['several things at once', [line(''), line('A', 0)], 1, ['ttlSeconds', 'lines[0].sku', 'lines[1].quantity']],
])('%s is refused by name', (_what, lines, ttlSeconds, fields) => {
  expect(problemsOf(lines, ttlSeconds)).toEqual(fields)
})

test('the bounds themselves are allowed', () => {
  expect(problemsOf([line('A'.repeat(64), 1_000_000, 'W'.repeat(32)), line('0.a_b-c')], 5)).toEqual([])
  expect(problemsOf([line('A')], 3_600)).toEqual([])
})

test('order and spelling do not change the fingerprint, content and lifetime do', () => {
  const requested = fc.array(
    fc.record({
      sku: fc.constantFrom('a', 'A', 'b', 'C'),
      quantity: fc.integer({ min: 1, max: 9 }),
      warehouse: fc.constantFrom('', 'main', 'W2'),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  fc.assert(
    fc.property(requested, (lines) => {
      const { fingerprint } = check(lines)
      expect(check([...lines].reverse()).fingerprint).toBe(fingerprint)
      expect(check(lines.map((one) => ({ ...one, sku: one.sku.toUpperCase() }))).fingerprint).toBe(fingerprint)
      expect(check(lines, 300).fingerprint).not.toBe(fingerprint)
      const [first, ...others] = lines
      expect(check([{ ...line('A'), ...first, quantity: 10 }, ...others]).fingerprint).not.toBe(fingerprint)
    }),
  )
})

test('what inventory says of a line is said of the line of the request', () => {
  const wanted = check([line('B'), line('A'), line('B')])
  const error = new HoldfastError('INSUFFICIENT_STOCK', 'no', {
    fields: [{ field: 'lines[1].sku', message: 'not enough stock' }],
  })
  expect(inWordsOfRequest(error, wanted)).toMatchObject({ code: 'INSUFFICIENT_STOCK', fields: [{ field: 'lines[0].sku' }] })
  const other = new Error('other')
  expect(inWordsOfRequest(other, wanted)).toBe(other)
})
