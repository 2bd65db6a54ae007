import { HoldfastError } from './errors'
import { fromItemError, toItemError } from './grpc-errors'
import { checkUuid, isUuid, operationId, timeOrderedId } from './ids'
import { cutPage, decodePageToken, encodePageToken } from './page-token'

test('an operation id is one UUID for one user, operation and key', () => {
  const id = operationId('me', 'reserve', 'key')
  expect(isUuid(id)).toBe(true)
  expect(id[14]).toBe('8')
  expect(operationId('me', 'reserve', 'key')).toBe(id)
  const others = [operationId('you', 'reserve', 'key'), operationId('me', 'place', 'key'), operationId('me', 'reserve', 'other')]
  // No way of cutting the parts makes two of them the same.
  expect(new Set([id, ...others, operationId('m', 'ereserve', 'key')]).size).toBe(5)
})

test('an id without a key is a version 7 UUID of its own, in the order of time', () => {
  const ids = [1, 2, 1_764_000_000_000, 1_764_000_000_001].map((at) => timeOrderedId(at))
  expect(ids.toSorted()).toEqual(ids)
  expect(ids[2]).toMatch(/^019ab697-e800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(Array.from({ length: 1_000 }, () => timeOrderedId(1))).size).toBe(1_000)
  expect(isUuid(timeOrderedId())).toBe(true)
})

test('a UUID is taken in any case and refused by the name of its field', () => {
  expect(checkUuid('id', '7D444840-9DC0-11D1-B245-5FFDCE74FAD2')).toBe('7d444840-9dc0-11d1-b245-5ffdce74fad2')
  expect(() => checkUuid('id', '42')).toThrow('id: must be a UUID')
  expect(() => checkUuid('id', '')).toThrow('id: is needed')
})

test('a page token comes back as it went, and nothing else is taken for one', () => {
  expect(decodePageToken(encodePageToken([12n, 'a']), [/^\d+$/, /^a$/])).toEqual(['12', 'a'])
  expect(decodePageToken('', [/^a$/])).toBeUndefined()
  for (const token of ['nonsense', encodePageToken(['b']), encodePageToken(['a', 'a'])]) {
    expect(() => decodePageToken(token, [/^a$/])).toThrow('pageToken')
  }
})

test('a page has as many rows as asked for, fewer where they are long, and always one', () => {
  const rows = [1, 2, 3, 4]
  const small = () => 10
  const long = () => 2_000_000
  expect(cutPage(rows, 3, small)).toEqual({ page: [1, 2, 3], last: 3 })
  expect(cutPage(rows, 4, small)).toEqual({ page: rows, last: undefined })
  expect(cutPage(rows, 3, long)).toEqual({ page: [1], last: 1 })
  expect(cutPage([1], 3, () => 9_000_000)).toEqual({ page: [1], last: undefined })
  expect(cutPage([], 3, long)).toEqual({ page: [], last: undefined })
})

test("an item's error crosses the wire whole, and what is not ours says nothing of its inside", () => {
  const error = new HoldfastError('INSUFFICIENT_STOCK', 'none left', { fields: [{ field: 'lines[0]', message: 'short' }] })
  expect(fromItemError(toItemError(error))).toMatchObject({
    code: 'INSUFFICIENT_STOCK',
    message: 'none left',
    fields: error.fields,
  })
  expect(toItemError(new Error('password=1'))).toMatchObject({ code: 'INTERNAL' })
  expect(toItemError(new Error('password=1')).message).not.toContain('password')
})
