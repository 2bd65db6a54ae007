import { showProgress } from './progress'

test('what is left is told from what was done', () => {
  expect(showProgress(10, 40, 60_000)).toBe('[10/40, about 3 min left]')
  expect(showProgress(30, 40, 60_000)).toBe('[30/40, about 20 s left]')
  expect(showProgress(40, 40, 60_000)).toBe('[40/40]')
  expect(showProgress(0, 40, 10)).toBe('[0/40]')
})
