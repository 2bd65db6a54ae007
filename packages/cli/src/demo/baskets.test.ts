import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { readShopDay } from './baskets'

const head = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
const day = (...lines: string[]) => readShopDay([head, ...lines, ''].join('\n'))

describe('readShopDay', () => {
  it('puts the lines of an invoice into one basket, also a SKU that stands there twice', () => {
    expect(
      day(
        '1,A,LAMP,2,2010-12-01T08:00:00Z,1.25,7,UK',
        '2,B,CUP,1,2010-12-01T08:01:00Z,2,8,UK',
        '1,A,LAMP,3,2010-12-01T08:02:00Z,1,7,UK',
      ),
    ).toEqual({
      baskets: [
        {
          invoice: '1',
          lines: [
            { sku: 'A', quantity: 2 },
            { sku: 'A', quantity: 3 },
          ],
        },
        { invoice: '2', lines: [{ sku: 'B', quantity: 1 }] },
      ],
      products: [
        { sku: 'A', name: 'LAMP', amountMinor: 125, units: 5 },
        { sku: 'B', name: 'CUP', amountMinor: 200, units: 1 },
      ],
      lines: 3,
      units: 6,
    })
  })

  it('leaves out returns and what is no product', () => {
    const { baskets, units } = day(
      'C1,A,LAMP,-2,2010-12-01T08:00:00Z,1.25,7,UK',
      ...['POST', 'C2', 'D', 'M', 'm'].map((code) => `2,${code},X,1,2010-12-01T08:00:00Z,18,8,UK`),
      '3,M1,MUG,1,2010-12-01T08:00:00Z,1,8,UK',
    )
    expect(baskets).toEqual([{ invoice: '3', lines: [{ sku: 'M1', quantity: 1 }] }])
    expect(units).toBe(1)
  })

  it('takes small letters in a stock code for the same product, and the first price and name that there is', () => {
    const { products } = day(
      '1,85099c,,1,2010-12-01T08:00:00Z,1.95,7,UK',
      '2,85099C," RED, BAG ",2,2010-12-01T08:00:00Z,4.21,7,UK',
      '3,20713,,1,2010-12-01T08:00:00Z,0,,UK',
    )
    expect(products).toEqual([
      { sku: '85099C', name: 'RED, BAG', amountMinor: 195, units: 3 },
      { sku: '20713', name: '20713', amountMinor: 0, units: 1 },
    ])
  })

  it('finds 84 baskets, 773 products and 17,341 units in the day that comes along', () => {
    const shopDay = readShopDay(readFileSync(join(__dirname, '..', '..', 'data', 'online-retail-2010-12-01.csv'), 'utf8'))
    expect(shopDay.baskets).toHaveLength(84)
    expect(shopDay.products).toHaveLength(773)
    expect(shopDay).toMatchObject({ lines: 1427, units: 17341 })
    expect(Math.max(...shopDay.baskets.map((basket) => basket.lines.length))).toBe(85)
    expect(shopDay.products.filter(({ sku }) => !/^[A-Z0-9][A-Z0-9._-]{0,63}$/.test(sku))).toEqual([])
    expect(shopDay.products.filter(({ name, amountMinor, units }) => name === '' || amountMinor <= 0 || units <= 0)).toEqual([])
  })
})
