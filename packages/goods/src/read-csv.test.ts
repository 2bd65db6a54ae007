import fc from 'fast-check'

import { guardText, unguardText } from './cells'
import { productCells, productFile, type ProductRow } from './product-file'
import { readPrice, writePrice } from './price'
import { type CsvRow, FileProblem, readCsv } from './read-csv'
import { stockFile, type StockRow } from './stock-file'
import type { FileKind } from './file-kind'
import { writeCsv } from './write-csv'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll<Row>(kind: FileKind<Row>, text: string | Buffer, size = 5): Promise<CsvRow<Row>[]> {
  const file = await readCsv(inPieces(Buffer.from(text), size), kind)
  const rows: CsvRow<Row>[] = []
  for await (const row of file.rows) rows.push(row)
  return rows
}

const products = async (text: string | Buffer): Promise<CsvRow<ProductRow>[]> => readAll(productFile, text)
const stock = async (text: string): Promise<CsvRow<StockRow>[]> => readAll(stockFile, text)

/** As `line 2, price: …`. */
const problemsOf = (rows: CsvRow<unknown>[]): string[] =>
  rows.flatMap(({ problems }) => problems.map(({ line, column, message }) => `line ${line}, ${column}: ${message}`))

async function refusal(text: string | Buffer, kind: FileKind<unknown> = productFile): Promise<string> {
  try {
    await readAll(kind, text)
  } catch (error) {
    if (error instanceof FileProblem) return `line ${error.line}: ${error.message}`
    throw error
  }
  throw new Error('it was taken')
}

describe('a file', () => {
  test('is read whatever its line ends, with and without a byte order mark, whatever pieces it comes in', async () => {
    const lines = ['sku,name,description', 'tea,"Tea, green","says ""hi""\nand more"', 'cup,Tasse à thé,']
    const expected = [
      { sku: 'TEA', name: 'Tea, green', description: 'says "hi"\nand more' },
      { sku: 'CUP', name: 'Tasse à thé', description: '' },
    ]
    for (const text of [lines.join('\n'), `${lines.join('\r\n')}\r\n`, `\ufeff${lines.join('\r\n')}\r\n\r\n`]) {
      for (const size of [1, 7, 10_000]) {
        const rows = await readAll(productFile, text, size)
        expect(rows.map(({ row: { sku, name, description } }) => ({ sku, name, description }))).toEqual(expected)
      }
    }
  })

  test('tells the line at which a row begins, past empty rows and quoted line ends', async () => {
    const rows = await products('sku,name\r\nA,"x\r\ny"\r\n\r\n,\r\nB,"a\nb\nc"\r\nC,d\r\n')
    expect(rows.map(({ line, row }) => [line, row.sku])).toEqual([
      [2, 'A'],
      [6, 'B'],
      [9, 'C'],
    ])
  })

  test('names each cell that is wrong, all of a row', async () => {
    const text = 'sku,name,price,currency,low_stock_at,most_per_shopper\n-a,,1.234,USD,x,0\nB,b,"1,5",usd,,\nB2,b,,EUR,-1,\n'
    expect(problemsOf(await products(text))).toEqual([
      'line 2, sku: must be 1 to 64 of A-Z 0-9 . _ -, beginning with a letter or digit',
      'line 2, name: must be 1 to 200 characters',
      'line 2, price: has more than the 2 decimal places of USD',
      'line 2, low_stock_at: must be a whole number, in digits alone',
      'line 2, most_per_shopper: must be from 1 to 1000000',
      'line 3, currency: must be an ISO 4217 code, as USD',
      'line 4, price: must be a number with a point, as 12.50',
      'line 4, low_stock_at: must be from 0 to 1000000',
    ])
  })

  test('names both rows of one SKU, however it is written', async () => {
    expect(problemsOf(await products('sku,name\nTea,a\nCup,b\ntea,c\n'))).toEqual(['line 4, sku: TEA is in line 2 already'])
    const levels = await stock('sku,warehouse,on_hand\nA,MAIN,1\nA,north,2\na,main,3\n')
    expect(problemsOf(levels)).toEqual(['line 4, sku: A in MAIN is in line 2 already'])
  })

  test('names a row that has more or fewer cells than the header', async () => {
    expect(problemsOf(await products('sku,name\nA\nB,b,c\n'))).toEqual([
      'line 2, : has 1 cells, and the header 2',
      'line 2, name: must be 1 to 200 characters',
      'line 3, : has 3 cells, and the header 2',
    ])
  })

  test('is refused as a whole for what makes it another file', async () => {
    expect(await refusal('')).toBe('line 1: the file is empty')
    expect(await refusal('sku;name\nA;b')).toBe('line 1: the columns have to be separated by commas')
    expect(await refusal('sku,colour\nA,b')).toContain('line 1: a file of products has no column "colour"; it may have sku, name')
    expect(await refusal('sku,name,name\nA,b,c')).toBe('line 1: the column name is there twice')
    expect(await refusal('name\nA')).toBe('line 1: the column sku is missing')
    expect(await refusal('sku,price\nA,1')).toBe('line 1: price and currency come together')
    expect(await refusal('sku\nA')).toBe('line 1: there is nothing but SKUs')
    expect(await refusal('sku,name\nA,"b\nC,d\n')).toContain('a quote is opened and never closed')
    expect(await refusal('sku,name\nA,"b"c\n')).toContain('line 2: a quote is closed and something other')
    expect(await refusal(`sku,name\nA,"${'b'.repeat(70_000)}`)).toContain('more than 65536 characters')
    expect(await refusal(Buffer.from([0x73, 0x6b, 0x75, 0xff, 0xfe]))).toBe('line 1: the file is not in UTF-8')
    expect(await refusal('sku,on_hand\nA,1', stockFile)).toBe('line 1: the column warehouse is missing')
    expect(await refusal('sku,warehouse,on_hand,delta\nA,MAIN,1,1', stockFile)).toContain('they do not go together')
    expect(await refusal('sku,warehouse,expected_on_hand\nA,MAIN,1', stockFile)).toBe(
      'line 1: expected_on_hand needs on_hand beside it',
    )
  })
})

describe('a product', () => {
  test('comes back from its cells as it was', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.trim().replaceAll(/\p{Cc}/gu, ''))
    const product = fc.record({
      sku: fc.stringMatching(/^[A-Z0-9][A-Z0-9._-]{0,63}$/),
      name: text.filter((value) => value.length > 0),
      description: text,
      price: fc.record({
        currency: fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'),
        amountMinor: fc.bigInt({ min: 0n, max: 1_000_000_000_000n }),
      }),
      lowStockAt: fc.option(fc.nat(1_000_000), { nil: undefined }),
      mostPerShopper: fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
      waitlistFirst: fc.boolean(),
      parts: fc.constantFrom([], [{ sku: 'part', quantity: 2 }]).map((parts) => parts.map((part) => ({ ...part, sku: 'PA.RT' }))),
    })
    await fc.assert(
      fc.asyncProperty(product, async (made) => {
        const whole = {
          ...made,
          lowStockAt: made.parts.length > 0 ? undefined : made.lowStockAt,
          waitlistFirst: made.parts.length === 0 && made.waitlistFirst,
          createdAt: undefined,
          updatedAt: undefined,
          version: 1,
        }
        const [read] = await products(writeCsv([productFile.columns, productCells(whole)]))
        expect(read?.problems).toEqual([])
        const { sku, name, description, price, lowStockAt, mostPerShopper, waitlistFirst, parts } = read?.row ?? { sku: '' }
        expect({ sku, name, description, price, lowStockAt, mostPerShopper, waitlistFirst, parts }).toEqual({
          ...made,
          lowStockAt: whole.lowStockAt ?? null,
          waitlistFirst: whole.waitlistFirst,
          mostPerShopper: made.mostPerShopper ?? null,
        })
      }),
    )
  })

  test('says which bundle it is', async () => {
    const [bundle, wrong, own] = await products('sku,parts\nA,tea:2  CUP:1\nB,tea\nC,c:1\n')
    expect(bundle?.row.parts).toEqual([
      { sku: 'CUP', quantity: 1 },
      { sku: 'TEA', quantity: 2 },
    ])
    expect(wrong?.problems.map(({ message }) => message)).toEqual(['must be SKUs with how many of each, as TEA:2 CUP:1'])
    expect(own?.problems.map(({ message }) => message)).toEqual(['is the bundle itself'])
  })
})

test('a price has the places of its currency', () => {
  expect(readPrice('price', '12.5', 'USD')).toBe(1_250n)
  expect(readPrice('price', '12', 'KWD')).toBe(12_000n)
  expect(readPrice('price', '1200', 'JPY')).toBe(1_200n)
  expect(() => readPrice('price', '12.5', 'JPY')).toThrow('price: has more than the 0 decimal places of JPY')
  expect(writePrice(5n, 'USD')).toBe('0.05')
  expect(writePrice(5n, 'JPY')).toBe('5')
})

test('no text is a formula to a spreadsheet, and each comes back as it was', () => {
  for (const text of ['=1+1', '+1', '-1', '@A1', "'=1", "''-x", 'plain', "'quoted'"]) {
    expect(guardText(text)).not.toMatch(/^[=+\-@\t\r]/)
    expect(unguardText(guardText(text))).toBe(text)
  }
  expect(guardText('plain')).toBe('plain')
})

test('a level is set to what is there of each state, or changed by so many', async () => {
  const [level] = await stock('sku,warehouse,on_hand,expected_on_hand,damaged,safety\na,north,7,,2,1\n')
  expect(level?.row).toMatchObject({ sku: 'A', warehouse: 'NORTH', onHand: 7, expectedOnHand: null, damaged: 2, safety: 1 })
  expect((await stock('sku,warehouse,delta\nA,MAIN,-3\n'))[0]?.row).toMatchObject({ delta: -3 })
  expect(problemsOf(await stock('sku,warehouse,on_hand,damaged\nA,MAIN,1,2\n'))).toEqual([
    'line 2, on_hand: is less than the 2 units in other states',
  ])
})
