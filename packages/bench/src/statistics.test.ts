import { groupBy, median, roundFigure } from './statistics'

test('the median is the middle value, whatever the order', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([7])).toBe(7)
  expect(() => median([])).toThrow('nothing')
})

test('grouping keeps the order in which keys and items come', () => {
  const groups = groupBy(['bb', 'a', 'cc', 'd'], (word) => String(word.length))
  expect([...groups]).toEqual([
    ['2', ['bb', 'cc']],
    ['1', ['a', 'd']],
  ])
})

test('numbers are rounded to what is worth reading', () => {
  expect([1234.567, 12.34567, 0.0004].map(roundFigure)).toEqual([1235, 12.346, 0])
})
