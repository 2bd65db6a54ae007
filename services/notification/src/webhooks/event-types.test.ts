import { checkEventTypes, wants } from './event-types'

test('an endpoint wants what it names, all of an object, or everything', () => {
  expect(wants(['holdfast.order.confirmed.v1'], 'holdfast.order.confirmed.v1')).toBe(true)
  expect(wants(['holdfast.stock.*', 'holdfast.order.placed.v1'], 'holdfast.stock.ran_out.v1')).toBe(true)
  expect(wants(['holdfast.stock.*'], 'holdfast.stock_level.changed.v1')).toBe(false)
  expect(wants(['*'], 'holdfast.anything.new.v7')).toBe(true)
})

test('what can match nothing is refused, and named', () => {
  expect(checkEventTypes(['holdfast.stock.*', '*', 'holdfast.stock.*'])).toEqual(['*', 'holdfast.stock.*'])
  for (const wrong of ['holdfast.order.confirmd.v1', 'holdfast.orders.*', '', 'order.*']) {
    expect(() => checkEventTypes(['*', wrong])).toThrow('eventTypes[1]')
  }
  expect(() => checkEventTypes([])).toThrow('must be 1 to 50')
})
