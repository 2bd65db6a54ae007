import { HoldfastError } from '@holdfast/service'

import { parseJsonObject } from './json-text'

function problemsOf(text: string): string[] {
  try {
    parseJsonObject(text)
  } catch (error) {
    if (error instanceof HoldfastError) return error.fields.map(({ field, message }) => `${field} ${message}`)
    throw error
  }
  return []
}

test.each(['', '{', '{"a":1,}', "{'a':1}", '{"a":NaN}', '\ufeff{}', '{"a":1}{', '{"a":"\n"}'])('%j is not JSON', (text) => {
  expect(problemsOf(text)).toEqual(['body is not valid JSON'])
})

test.each(['[]', '[{"a":1}]', 'null', '1', '"{}"', 'true'])('%s is JSON but no object', (text) => {
  expect(problemsOf(text)).toEqual(['body must be a JSON object'])
})

test('a key that is twice in one object is refused, also when it is written in two ways', () => {
  expect(problemsOf('{"a":1,"b":{"a":2},"a":3}')).toEqual(['a is given twice'])
  expect(problemsOf(String.raw`{"a":1,"\u0061":2}`)).toEqual(['a is given twice'])
  expect(problemsOf('{"__proto__":1,"__proto__":2}')).toEqual(['__proto__ is given twice'])
})

test('equal keys in different objects, and equal strings that are no keys, are fine', () => {
  const text = String.raw`{"a":{"a":["a","a",{"a":"a"},{"a":1}]},"b":"{\"a\":1,\"a\":2","c":"a","d":"\\"}`
  expect(problemsOf(text)).toEqual([])
  expect(parseJsonObject(text)).toEqual(JSON.parse(text))
})

test('width has a bound, whatever is in strings', () => {
  const problem = ['body has more than 10000 values']
  expect(problemsOf(`{"a":[${'1,'.repeat(10_000)}1]}`)).toEqual(problem)
  expect(problemsOf(`{"a":[${'[],'.repeat(5_000)}1]}`)).toEqual(problem)
  expect(problemsOf(`{"a":[${'1,'.repeat(9_990)}1]}`)).toEqual([])
  expect(problemsOf(`{"a":"${'[,'.repeat(10_000)}"}`)).toEqual([])
})

test('depth has a bound, whatever is in strings', () => {
  expect(problemsOf(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toEqual(['body is deeper than 32 levels'])
  expect(problemsOf(`{"a":"${'['.repeat(100)}"}`)).toEqual([])
})
