import { idempotencyKeyOf } from './idempotency-key'

test.each([
  ['no header', {}, undefined],
  ['a bare key', { 'idempotency-key': 'abc-1' }, 'abc-1'],
  ['a quoted key', { 'idempotency-key': '"abc-1"' }, 'abc-1'],
  ['a quoted key with quotes in it', { 'idempotency-key': String.raw`"a\"b\\c"` }, String.raw`a"b\c`],
  ['the alias', { 'x-idempotency-key': 'abc-1' }, 'abc-1'],
  ['both, the same', { 'idempotency-key': '"abc-1"', 'x-idempotency-key': 'abc-1' }, 'abc-1'],
])('%s is understood', (_what, headers, key) => {
  expect(idempotencyKeyOf(headers)).toBe(key)
})

test.each([
  ['two that differ', { 'idempotency-key': 'a', 'x-idempotency-key': 'b' }, 'Idempotency-Key: differs'],
  ['an empty key', { 'idempotency-key': '' }, 'Idempotency-Key: must be'],
  ['an empty quoted key', { 'idempotency-key': '""' }, 'Idempotency-Key: must be'],
  ['a key with a space', { 'idempotency-key': 'a b' }, 'Idempotency-Key: must be'],
  ['the header twice', { 'idempotency-key': 'a, b' }, 'Idempotency-Key: must be'],
  ['a key that is too long', { 'idempotency-key': 'a'.repeat(256) }, 'Idempotency-Key: must be'],
])('%s is refused', (_what, headers, problem) => {
  expect(() => idempotencyKeyOf(headers)).toThrow(problem)
})
