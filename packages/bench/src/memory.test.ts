import { growth, mostBytes, watchMemory } from './memory'

test('memory that warms up and stays is flat, one outlier or not', () => {
  expect(growth([1, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10])).toBe(1)
  expect(growth([1, 5, 10, 10, 10, 10, 10, 10, 10, 10, 99, 10])).toBe(1)
})

test('memory that goes on growing shows', () => {
  expect(growth(Array.from({ length: 40 }, (_, index) => 100 + index))).toBeGreaterThan(1.1)
})

test('a few samples say nothing', () => {
  expect(growth([1, 2, 3])).toBeUndefined()
})

test('a watch keeps what it saw at the beginning and at the end, by process', () => {
  const values = [100, 300]
  const watch = watchMemory(() => ({ gateway: values.shift() ?? 0 }), 1)
  const series = watch.stop()
  expect(series.bytes).toEqual({ gateway: [100, 300] })
  expect(mostBytes(series)).toBe(300)
})
