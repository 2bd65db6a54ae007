import { arrayParameter } from './array-parameter'

test('texts are quoted, whatever is in them, and nothing else is', () => {
  const at = new Date('2026-01-31T12:00:00.123Z')
  expect(arrayParameter(['a', '', 'NULL', 'a"b\\c', '{,}', 'ä\n'])).toBe('{"a","","NULL","a\\"b\\\\c","{,}","ä\n"}')
  expect(arrayParameter([1, -1.5, 9_007_199_254_740_993n, true, null, undefined])).toBe(
    '{1,-1.5,9007199254740993,true,NULL,NULL}',
  )
  expect(arrayParameter([at])).toBe('{"2026-01-31T12:00:00.123Z"}')
  expect(arrayParameter([])).toBe('{}')
})

test('what has a form of its own is left to the driver', () => {
  expect(arrayParameter([Buffer.from('a')])).toBeUndefined()
  expect(arrayParameter([['a']])).toBeUndefined()
  expect(arrayParameter([{ a: 1 }])).toBeUndefined()
})
