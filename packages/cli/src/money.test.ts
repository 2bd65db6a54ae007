import { readMoney, showMoney } from './money'

test.each([
  ['1299.99 USD', { currency: 'USD', amountMinor: '129999' }],
  ['0.05 EUR', { currency: 'EUR', amountMinor: '5' }],
  ['1200 JPY', { currency: 'JPY', amountMinor: '1200' }],
  ['1.234 KWD', { currency: 'KWD', amountMinor: '1234' }],
])('%s is read and shown as it is', (text, money) => {
  expect(readMoney(text)).toEqual(money)
  expect(showMoney(money)).toBe(text)
})

test('what is missing of an amount is taken as usual', () => {
  expect(readMoney('12.5')).toEqual({ currency: 'USD', amountMinor: '1250' })
  expect(readMoney('3eur')).toEqual({ currency: 'EUR', amountMinor: '300' })
  expect(showMoney({ currency: 'USD', amountMinor: '-5' })).toBe('-0.05 USD')
})

test.each(['', 'x', '1.005', '1.5 JPY', '-1', '1,000', '1 EURO'])('"%s" is no amount', (text) => {
  expect(readMoney(text)).toBeUndefined()
})
