import { toUnfinished, toWords } from './words'

test.each([
  ['', []],
  ['  availability  CAMERA001 ', ['availability', 'CAMERA001']],
  [
    `create-product A "4K Camera" --description 'it''s "new"'`,
    ['create-product', 'A', '4K Camera', '--description', 'its "new"'],
  ],
  [String.raw`a\ b "c\"d" 'e\'`, ['a b', 'c"d', String.raw`e\ `.trim()]],
  [`''`, ['']],
])('%s', (line, words) => {
  expect(toWords(line)).toEqual(words)
})

test.each(['say "this', "it's"])('a quote that is never closed is refused: %s', (line) => {
  expect(() => toWords(line)).toThrow(/is missing/)
})

test.each([
  ['', [], ''],
  ['ord', [], 'ord'],
  ['orders ', ['orders'], ''],
  ['orders can', ['orders'], 'can'],
  ['product "CAM', ['product'], 'CAM'],
])('what is being typed in "%s"', (line, before, partial) => {
  expect(toUnfinished(line)).toEqual({ before, partial })
})
