import { crossing, stateAt, type StockState, thresholdsOf } from './crossing'

const thresholds = { lowAt: 5, clearAt: 10 }

/** What is told while the units of a SKU go through these. */
function told(units: number[], begin: StockState = 'IN_STOCK'): string[] {
  let state = begin
  return units.flatMap((available) => {
    const next = stateAt(available, state, thresholds)
    const what = crossing(state, next)
    state = next
    return what === undefined ? [] : [`${what} at ${available}`]
  })
}

test('low, out and back are told once for each crossing', () => {
  expect(told([50, 6, 5, 4, 1, 0, 0, 2, 3, 11, 4])).toEqual(['ran_low at 5', 'ran_out at 0', 'came_back at 2', 'ran_low at 4'])
})

test('what goes up and down around the threshold is told once', () => {
  expect(told([5, 6, 5, 8, 4, 10, 5])).toEqual(['ran_low at 5'])
})

test('from plenty to none tells only that it is out, and back with plenty only that it is back', () => {
  expect(told([100, 0, 100])).toEqual(['ran_out at 0', 'came_back at 100'])
})

test('a threshold of 0 tells of out and back alone', () => {
  expect([3, 1].map((available) => stateAt(available, 'IN_STOCK', { lowAt: 0, clearAt: 0 }))).toEqual(['IN_STOCK', 'IN_STOCK'])
})

test.each([
  ['none of its own', undefined, { lowAt: 5, clearAt: 10 }, { lowAt: 5, clearAt: 10 }],
  ['none of its own where nothing is ever low', undefined, { lowAt: 0, clearAt: 0 }, { lowAt: 0, clearAt: 0 }],
  ['0: never low, and nothing keeps it low', 0, { lowAt: 5, clearAt: 10 }, { lowAt: 0, clearAt: 0 }],
  ['more, with room in proportion', 40, { lowAt: 5, clearAt: 10 }, { lowAt: 40, clearAt: 80 }],
  ['room that is not whole is rounded up', 3, { lowAt: 4, clearAt: 5 }, { lowAt: 3, clearAt: 4 }],
  ['no room where none is configured', 7, { lowAt: 5, clearAt: 5 }, { lowAt: 7, clearAt: 7 }],
  ['one of its own where nothing else is ever low', 7, { lowAt: 0, clearAt: 0 }, { lowAt: 7, clearAt: 14 }],
])("a product's threshold: %s", (_what, own, configured, expected) => {
  expect(thresholdsOf(own, configured)).toEqual(expected)
})
