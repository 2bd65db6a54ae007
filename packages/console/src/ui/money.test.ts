import { moneyText, totalOf, totalText } from './money.ts'

test('an amount is exact, however large it is and however many digits its currency has', () => {
  expect(moneyText({ currency: 'USD', amountMinor: '129999' })).toBe('$1,299.99')
  expect(moneyText({ currency: 'USD', amountMinor: '5' })).toBe('$0.05')
  expect(moneyText({ currency: 'USD', amountMinor: '-250' })).toBe('-$2.50')
  expect(moneyText({ currency: 'JPY', amountMinor: '1500' })).toBe('¥1,500')
  expect(moneyText({ currency: 'USD', amountMinor: '9007199254740993' })).toBe('$90,071,992,547,409.93')
  expect(moneyText(undefined)).toBe('')
})

test('lines come to their sum, or to nothing where a price is not known', () => {
  const unitPrice = { currency: 'EUR', amountMinor: '333' }
  expect(
    totalOf([
      { quantity: 3, unitPrice },
      { quantity: 1, unitPrice },
    ]),
  ).toEqual({ currency: 'EUR', amountMinor: '1332' })
  expect(totalOf([{ quantity: 3 }])).toBeUndefined()
  expect(totalOf([])).toBeUndefined()
})

test('prices in several currencies are summed each by itself', () => {
  const [dollars, euros] = [
    { currency: 'USD', amountMinor: '250' },
    { currency: 'EUR', amountMinor: '100' },
  ]
  const lines = [
    { quantity: 2, unitPrice: dollars },
    { quantity: 3, unitPrice: euros },
    { quantity: 1, unitPrice: dollars },
  ]
  expect(totalText(lines)).toBe('$7.50 + €3.00')
  expect(totalText([...lines, { quantity: 1 }])).toBeUndefined()
  expect(totalText([])).toBe('')
})
