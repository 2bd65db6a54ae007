import { Random } from './random'

test('a row of draws depends on its seed and name alone', () => {
  const draws = (random: Random) => Array.from({ length: 5 }, () => random.fraction())
  const [first, second] = [new Random(1, 'a').of('b'), new Random(1, 'a').of('b')]
  new Random(1, 'a').of('c').fraction()
  expect(draws(first)).toEqual(draws(second))
  expect(draws(new Random(2, 'a').of('b'))).not.toEqual(draws(new Random(1, 'a').of('b')))
  expect(draws(new Random(1, 'a').of('c'))).not.toEqual(draws(new Random(1, 'a').of('b')))
})

test('whole numbers come from both ends and all between, weights count', () => {
  const random = new Random(3, 'numbers')
  const numbers = new Set(Array.from({ length: 200 }, () => random.whole(-1, 2)))
  expect([...numbers].sort((one, other) => one - other)).toEqual([-1, 0, 1, 2])
  const names = Array.from({ length: 300 }, () => random.weighted({ often: 9, seldom: 1, never: 0 }))
  expect(names.filter((name) => name === 'often').length).toBeGreaterThan(200)
  expect(names).toContain('seldom')
  expect(names).not.toContain('never')
})
