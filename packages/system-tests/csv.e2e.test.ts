/** The catalogue and the stock as CSV, over HTTP and by the command: all looked at first, each row written once, whatever breaks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'

import { adminToken, type ProblemReply } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'

import { countStatuses, one, openShop, reserve, type Shop, times } from './shop'

let shop: Shop
let folder: string
let token: string
beforeAll(async () => {
  shop = await openShop()
  token = await adminToken(shop.system)
  folder = await mkdtemp(join(tmpdir(), 'holdfast-csv-'))
})
afterAll(async () => {
  await shop?.close()
  await rm(folder, { recursive: true, force: true })
})
afterEach(async () => shop.expectBalanced())

interface ImportReply {
  created: number
  changed: number
  unchanged: number
  replayed: boolean
}

const asCsv = { 'content-type': 'text/csv; charset=utf-8' }

const post = async (path: string, csv: string, idempotencyKey?: string) =>
  shop.admin.post<ImportReply & ProblemReply>(path, csv, { headers: asCsv, idempotencyKey })

async function download(path: string): Promise<string> {
  const response = await fetch(`${shop.system.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
  return response.text()
}

const lines = (...rows: string[]): string => `${rows.join('\r\n')}\r\n`
const prefix = (): string => `C${randomUUID().slice(0, 7).toUpperCase()}`

/** Products `PREFIX-0` and so on, each with as many units in MAIN. */
async function stocked(count: number, units: number): Promise<string[]> {
  const name = prefix()
  const skus = Array.from({ length: count }, (_, index) => `${name}-${index}`)
  const header = 'sku,name,price,currency'
  expect((await post('/v1/products:import', lines(header, ...skus.map((sku) => `${sku},A thing,1.00,USD`)))).status).toBe(200)
  const levels = skus.map((sku) => `${sku},MAIN,${units}`)
  expect((await post('/v1/stock:import', lines('sku,warehouse,on_hand', ...levels))).status).toBe(200)
  return skus
}

async function onHand(skus: readonly string[]): Promise<Set<number>> {
  const stock = await download('/v1/stock:export')
  const units = new Map(stock.split('\r\n').map((row) => [row.split(',')[0], Number(row.split(',')[2])]))
  return new Set(skus.map((sku) => units.get(sku) ?? Number.NaN))
}

/** The command, at another address if need be. */
function start(args: string[], url = shop.system.url): ChildProcess {
  const { email, password } = shop.system.credentials.admin
  const cli = join(__dirname, '..', 'cli', 'dist', 'src', 'main.js')
  return spawn(process.execPath, [cli, ...args, '--url', url], {
    env: { ...process.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function ended(child: ChildProcess) {
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { code: await code, out, err }
}

const command = async (args: string[], url?: string) => ended(start(args, url))

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

describe('over HTTP', () => {
  test('a file goes in, with a byte order mark and quotes, and comes out again as one that changes nothing', async () => {
    const name = prefix()
    const products = lines(
      'sku,name,description,price,currency,low_stock_at,most_per_shopper,parts',
      `${name}-set,"Tea, for two",,"9.90",EUR,,1,${name}-cup:2`,
      `${name}-cup,"Cup ""blue""","'=none of this is a formula\r\nsecond line",4.50,EUR,3,,`,
    )
    expect(await post('/v1/products:import?validateOnly=true', products)).toMatchObject({ status: 200, body: { created: 2 } })
    expect(await post('/v1/products:import', `\ufeff${products}`)).toMatchObject({
      status: 200,
      body: { created: 2, replayed: false },
    })
    const cup = `${name}-CUP`
    expect((await shop.anonymous.get<{ product: object }>(`/v1/products/${cup}`)).body.product).toMatchObject({
      name: 'Cup "blue"',
      description: '=none of this is a formula\r\nsecond line',
      price: { currency: 'EUR', amountMinor: '450' },
      lowStockAt: 3,
    })
    const exported = await download('/v1/products:export')
    expect(exported).toContain(`\r\n${cup},"Cup ""blue""","'=none of this is a formula\r\nsecond line",4.50,EUR,3,,,\r\n`)
    expect(await post('/v1/products:import', exported)).toMatchObject({ status: 200, body: { created: 0, changed: 0 } })
    const key = randomUUID()
    for (const replayed of [false, true]) {
      const reply = await post('/v1/stock:import?reasonCode=FOUND', lines('sku,warehouse,delta', `${cup},MAIN,5`), key)
      expect(reply).toMatchObject({ status: 200, body: { changed: 1, replayed } })
    }
    expect(await download('/v1/stock:export?expecting=true')).toContain(`\r\n${cup},MAIN,5,0,0,0,5\r\n`)
  })

  test('who may not, what is no CSV, too large or wrong is told so', async () => {
    const csv = lines('sku,name,price,currency', 'A,A thing,1.00,USD')
    const shopper = await shop.shopper()
    for (const path of ['/v1/products:import', '/v1/stock:import']) {
      expect((await shopper.post(path, csv, { headers: asCsv })).status).toBe(403)
      expect((await shop.admin.post(path, { csv })).status).toBe(415)
    }
    expect((await shopper.get('/v1/products:export')).status).toBe(403)
    const large = await post('/v1/products:import', `${csv}${'A,A thing,1.00,USD\r\n'.repeat(60_000)}`)
    expect(large).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } })
    const bad = await post('/v1/products:import', lines('sku,name,price,currency', 'CSV-FINE,x,1,USD', 'CSV-BAD,x,1.001,USD'))
    expect(bad).toMatchObject({
      status: 400,
      body: {
        code: 'INVALID_ARGUMENT',
        detail: 'line 3, price: has more than the 2 decimal places of USD',
        errors: [{ field: 'line 3, price', message: 'has more than the 2 decimal places of USD' }],
      },
    })
    expect((await shop.anonymous.get('/v1/products/CSV-FINE')).status).toBe(404)
  })

  test('counts come in while shoppers reserve the same products, and nothing is sold twice', async () => {
    const skus = await stocked(10, 20)
    const shoppers = await times(4, async () => shop.shopper())
    const wanted = [...skus, ...skus, ...skus]
    const reserving = Promise.all(shoppers.flatMap((shopper) => wanted.map(async (sku) => reserve(shopper, one(sku)))))
    const csv = lines('sku,warehouse,on_hand', ...skus.map((sku) => `${sku},MAIN,8`))
    const importing = times(6, async () => post('/v1/stock:import', csv))
    const [replies, imports] = await Promise.all([reserving, importing])
    const held = countStatuses(replies)
    // Refused while more than eight of one were held, and then the count is as it was.
    for (const { status, body } of imports) expect(status === 200 || body.code === 'INSUFFICIENT_STOCK').toBe(true)
    const levels = await Promise.all(skus.map(async (sku) => shop.available(sku)))
    expect(levels.reduce((sum, { reserved }) => sum + reserved, 0)).toBe(held[201])
    for (const { onHand, reserved } of levels) expect(reserved).toBeLessThanOrEqual(onHand)
  })
})

describe('the command', () => {
  test('with a bad row in the middle of 100,000 names its line and column, and writes nothing', async () => {
    const name = prefix()
    const rows = Array.from({ length: 100_000 }, (_, index) => `${name}-${index},"Thing ${index}",1.00,USD`)
    rows[49_999] = `${name}-49999,"Thing,\r\n49999",1.00,usd`
    const path = await file('bad.csv', lines('sku,name,price,currency', ...rows))
    const { code, err } = await command(['import', path])
    expect(code).toBe(2)
    expect(err).toContain(
      `holdfast: nothing was written: one cell is wrong\n  ${path}:50001: currency: must be an ISO 4217 code, as USD\n`,
    )
    // What only the system can know is looked at before anything is written, too.
    const things = rows.map((_, index) => `TEA-${name}-${index},A thing,1.00,USD,${index === 90_000 ? 'NONE:1' : ''}`)
    const unknown = await command(['import', await file('things.csv', lines('sku,name,price,currency,parts', ...things))])
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain(`things.csv:90002: parts: there is no product NONE\n`)
    // How far it came is told all the while; here, where it goes to no terminal, at the end of each step.
    expect(unknown.err).toMatch(/^ {2}reading, bytes: (\d+) of \1 \(.+ s\)\n {2}checking, rows: 100000 of 100000 \(.+ s\)\n/)
    const stock = await file('mars.csv', lines('sku,warehouse,on_hand', 'A,MAIN,1', 'A,MARS,1'))
    expect((await command(['import', stock])).err).toContain(`  ${stock}:3: warehouse: there is no warehouse MARS\n`)
    const exported = await download('/v1/products:export')
    expect(exported).not.toContain(name)
  })

  test('that is killed before it hears of a chunk goes on where it was: each unit once', async () => {
    const skus = await stocked(500, 10)
    const path = await file('delivery.csv', lines('sku,warehouse,delta', ...skus.map((sku) => `${sku},MAIN,7`)))
    const args = ['import', path, '--chunk-rows', '50', '--reason', 'a delivery']
    let written = 0
    let child: ChildProcess | undefined
    // The fourth chunk is written, and nobody hears of it.
    const proxy = await startProxy((url) => {
      if (url.startsWith('/v1/stock:import') && !url.includes('validateOnly=true') && ++written === 4) child?.kill('SIGKILL')
    })
    child = start(args, proxy.url)
    expect((await ended(child)).code).toBeNull()
    expect(written).toBe(4)
    expect(await onHand(skus)).toEqual(new Set([10, 17]))
    expect(existsSync(`${path}.importing`)).toBe(true)
    expect(await command([...args, '--reference', 'other'], proxy.url)).toMatchObject({
      code: 2,
      err: expect.stringContaining('an import of this file with other options was cut off'),
    })
    expect(await command(args, proxy.url)).toMatchObject({ code: 0, err: expect.stringContaining('it goes on') })
    await proxy.close()
    expect(await onHand(skus)).toEqual(new Set([17]))
    expect(existsSync(`${path}.importing`)).toBe(false)
    // Another day the same file is another delivery.
    expect(await command(args)).toMatchObject({ code: 0, out: expect.stringContaining('500 rows of stock: 500 changed') })
    expect(await onHand(skus)).toEqual(new Set([24]))
  })

  test('sets the rows aside that no longer fit since they were looked at', async () => {
    const skus = await stocked(40, 10)
    const rows = skus.map((sku) => `${sku},MAIN,5,10`)
    const path = await file('count.csv', lines('sku,warehouse,on_hand,expected_on_hand', ...rows))
    let written = 0
    const proxy = await startProxy(async (url) => {
      if (!url.startsWith('/v1/stock:import') || url.includes('validateOnly=true') || ++written > 1) return
      await post('/v1/stock:import', lines('sku,warehouse,delta', `${skus[25]},MAIN,1`))
    })
    const { code, err } = await command(['import', path, '--chunk-rows', '20'], proxy.url)
    await proxy.close()
    expect(code).toBe(7)
    expect(err).toContain(`${path}:27: expected_on_hand: is 11\n`)
    expect(await onHand(skus)).toEqual(new Set([5, 10, 11]))
    const rest = await readFile(`${path}.rest.csv`, 'utf8')
    expect(rest).toBe(lines('sku,warehouse,on_hand,expected_on_hand', ...rows.slice(20)))
    await writeFile(`${path}.rest.csv`, rest.replace(`${skus[25]},MAIN,5,10`, `${skus[25]},MAIN,5,11`))
    expect((await command(['import', `${path}.rest.csv`])).code).toBe(0)
    expect(await onHand(skus)).toEqual(new Set([5]))
  })

  test('exports what it imports again, with bundles after what they are made of', async () => {
    const name = prefix()
    const rows = [`${name}-A,A set,5,USD,${name}-Z:1`, ...Array.from({ length: 6 }, (_, index) => `${name}-${index},x,1,USD,`)]
    const path = await file('sets.csv', lines('sku,name,price,currency,parts', ...rows, `${name}-Z,x,1,USD,`))
    expect(await command(['import', path, '--chunk-rows', '3', '--check'])).toMatchObject({ code: 0 })
    expect(await command(['import', path, '--chunk-rows', '3'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('8 made'),
    })
    const output = join(folder, 'products.csv')
    expect(await command(['export', 'products', '--output', output])).toMatchObject({ code: 0, out: '' })
    const products = await readFile(output, 'utf8')
    expect(products).toBe(await download('/v1/products:export'))
    expect(products).toContain(name)
    expect(await command(['import', output])).toMatchObject({ code: 0, out: expect.stringContaining(' 0 made, 0 changed') })
    const { out } = await command(['export', 'stock', '--expecting'])
    expect(out).toBe(await download('/v1/stock:export?expecting=true'))
  })
})

/** Passes everything on. @param answered is told of the address of each request when it is answered, before the answer goes back */
async function startProxy(answered: (url: string) => void | Promise<void>): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    const { url = '', method, headers } = request
    const body = await buffer(request)
    const { host: _, connection: __, 'content-length': ___, ...others } = headers
    const passed = await fetch(`${shop.system.url}${url}`, {
      method,
      headers: others as Record<string, string>,
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
    const content = Buffer.from(await passed.arrayBuffer())
    await answered(url)
    response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' }).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}
