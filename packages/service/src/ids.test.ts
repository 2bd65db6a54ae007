import { HoldfastError } from './errors'
import { fromItemError, toItemError } from './grpc-errors'
import { checkUuid, isUuid, operationId } from './ids'
import { decodePageToken, encodePageToken } from './page-token'

test('an operation id is one UUID for one user, operation and key', () => {
  const id = operationId('me', 'reserve', 'key')
  expect(isUuid(id)).toBe(true)
  expect(id[14]).toBe('8')
  expect(operationId('me', 'reserve', 'key')).toBe(id)
  const others = [operationId('you', 'reserve', 'key'), operationId('me', 'place', 'key'), operationId('me', 'reserve', 'other')]
  // No way of cutting the parts makes two of them the same.
  expect(new Set([id, ...others, operationId('m', 'ereserve', 'key')]).size).toBe(5)
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
