import { toMarkdown, toText } from './table'

const table = [
  ['what', 'a second'],
  ['one', '1,234'],
  ['another', '5'],
]

test('in a terminal, columns are as wide as what stands in them and numbers stand to the right', () => {
  expect(toText(table)).toBe(['what     a second', '-------  --------', 'one         1,234', 'another         5'].join('\n'))
})

test('in a document, columns of numbers are aligned to the right', () => {
  expect(toMarkdown(table)).toBe(['| what | a second |', '|---|---:|', '| one | 1,234 |', '| another | 5 |'].join('\n'))
})
