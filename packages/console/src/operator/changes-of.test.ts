import { changesOf } from './changes-of.ts'

test('what is made has only values that are new', () => {
  expect(changesOf(undefined, { status: 'ACTIVE', lines: [{ sku: 'A', quantity: 2 }] })).toEqual([
    { path: 'status', after: 'ACTIVE' },
    { path: 'lines.0.sku', after: 'A' },
    { path: 'lines.0.quantity', after: '2' },
  ])
})

test('of a change what stayed is left out, and what went is named', () => {
  const before = { status: 'ACTIVE', version: 1, lines: [{ sku: 'A' }, { sku: 'B' }], note: null }
  const after = { status: 'CANCELLED', version: 1, lines: [{ sku: 'A' }], note: null }
  expect(changesOf(before, after)).toEqual([
    { path: 'status', before: 'ACTIVE', after: 'CANCELLED' },
    { path: 'lines.1.sku', before: 'B', after: undefined },
  ])
})
