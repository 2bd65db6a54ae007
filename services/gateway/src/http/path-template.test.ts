import { HoldfastError } from '@holdfast/service'

import { parsePathTemplate, variableValue } from './path-template'

function segmentsOf(text: string): string[] {
  return parsePathTemplate(text).segments.map((segment) => (segment.kind === 'literal' ? segment.text : segment.kind))
}

test.each([
  ['/v1/messages', ['v1', 'messages'], ''],
  ['/v1/messages/*', ['v1', 'messages', 'one'], ''],
  ['/v1/**', ['v1', 'rest'], ''],
  ['/v1/{name=messages/*}', ['v1', 'messages', 'one'], ''],
  ['/v1/{name=shelves/*/books/**}', ['v1', 'shelves', 'one', 'books', 'rest'], ''],
  ['/v1/{id}:cancel', ['v1', 'one'], 'cancel'],
  ['/v1/reservations:sweep', ['v1', 'reservations'], 'sweep'],
  ['/v1/{name=messages/*}:undelete', ['v1', 'messages', 'one'], 'undelete'],
])('%s has its segments and its verb', (text, segments, verb) => {
  expect(segmentsOf(text)).toEqual(segments)
  expect(parsePathTemplate(text).verb).toBe(verb)
})

test.each([
  ['v1/messages', 'is not of the form'],
  ['/', 'has the segment ""'],
  ['/v1//messages', 'has the segment ""'],
  ['/v1/{id', 'is not of the form'],
  ['/v1/{}', 'has the variable "{}"'],
  ['/v1/{1d}', 'has the variable "{1d}"'],
  ['/v1/{a={b}}', 'is not of the form'],
  ['/v1/{id}/{id}', 'has the variable id twice'],
  ['/v1/**/messages', 'has "**" before its end'],
  ['/v1/{name=**}/messages', 'has "**" before its end'],
  ['/v1/mess*', 'has the segment "mess*"'],
  ['/v1/{a=x*}', 'has the variable "{a=x*}"'],
])('%s is refused', (text, problem) => {
  expect(() => parsePathTemplate(text)).toThrow(problem)
})

test('a variable of one segment is decoded whole, a longer one keeps its slashes apart', () => {
  const single = parsePathTemplate('/v1/{name}').variables[0]
  const long = parsePathTemplate('/v1/{name=shelves/*}').variables[0]
  const open = parsePathTemplate('/v1/{path=**}').variables[0]
  if (!single || !long || !open) throw new Error('a variable is missing')
  expect(variableValue(single, ['v1', 'a%2Fb%20c'])).toBe('a/b c')
  expect(variableValue(long, ['v1', 'shelves', 'a%2fb%20c'])).toBe('shelves/a%2fb c')
  expect(variableValue(open, ['v1'])).toBe('')
  expect(variableValue(open, ['v1', 'x', 'y%3Az'])).toBe('x/y:z')
})

test.each(['%', '%zz', '%ff', 'a%2'])('the bad percent encoding %s is refused with the name of the variable', (text) => {
  const [variable] = parsePathTemplate('/v1/{order_id}').variables
  if (!variable) throw new Error('the variable is missing')
  expect(() => variableValue(variable, ['v1', text])).toThrow(HoldfastError)
  expect(() => variableValue(variable, ['v1', text])).toThrow('order_id: is not percent-encoded')
})
