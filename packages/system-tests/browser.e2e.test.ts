/**
 * In a real browser: the example of a shop's page (docs/examples/browser), bundled as its readers would and from another origin, and
 * the gateway's own pages about the API.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { randomUUID } from 'node:crypto'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'

import { waitFor } from '@holdfast/testing'

import { openShop, type Shop } from './shop'

jest.setTimeout(180_000)

const root = join(__dirname, '..', '..')
const examples = join(root, 'docs', 'examples')

let pages: Server
let shop: Shop
let browser: Browser
let page: Page

beforeAll(async () => {
  const bundle = await bundleExample()
  pages = createServer((request, response) => {
    if (request.url === '/shop.js') response.setHeader('content-type', 'text/javascript').end(bundle)
    else response.setHeader('content-type', 'text/html').end('<!doctype html><script src="/shop.js"></script>')
  })
  const { port } = await new Promise<AddressInfo>((resolve) =>
    pages.listen(0, '127.0.0.1', () => resolve(pages.address() as AddressInfo)),
  )
  const origin = `http://127.0.0.1:${port}`
  shop = await openShop({ env: { CORS_ORIGINS: origin } })
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await browser.newPage()
  await page.goto(origin)
  await page.evaluate(`globalThis.seen = []; globalThis.open = shop.openShop(${JSON.stringify(shop.system.url)})`)
}, 180_000)
afterAll(async () => {
  await browser.close()
  await new Promise((resolve) => pages.close(resolve))
  await shop.close()
})

/** Clients are generated from the protos, and all is put into one script whose exports are the global `shop`. */
async function bundleExample(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'))
  try {
    cpSync(join(examples, 'browser', 'shop.ts'), join(folder, 'shop.ts'))
    const buf = join(root, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf')
    const PATH = [join(examples, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
    const template = join('docs', 'examples', 'browser', 'buf.gen.yaml')
    execFileSync(process.execPath, [buf, 'generate', '--template', template, '-o', folder], {
      cwd: root,
      env: { ...process.env, PATH },
    })
    const { outputFiles } = await build({
      entryPoints: [join(folder, 'shop.ts')],
      nodePaths: [join(examples, 'node_modules')],
      bundle: true,
      format: 'iife',
      globalName: 'shop',
      write: false,
    })
    return Buffer.from(outputFiles[0]?.contents ?? [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the page has been shown, in order. */
async function untilSeen(name: string, last: number): Promise<void> {
  await waitFor(async () => (await page.evaluate<number>(`globalThis.${name}.at(-1)`)) === last, {
    what: `${last} on the page`,
    timeoutMs: 30_000,
  })
}

test('a page registers and reserves by gRPC-web, and sees stock change by gRPC-web and by events', async () => {
  const sku = await shop.product(3)
  await page.evaluate(`globalThis.byRpc = []; globalThis.byEvents = []; globalThis.gone = new AbortController()
    void open.watch('${sku}', (n) => byRpc.push(n), gone.signal)
    globalThis.stopEvents = open.watchEvents('${sku}', (n) => byEvents.push(n))`)
  await untilSeen('byRpc', 3)
  await untilSeen('byEvents', 3)

  await page.evaluate(`open.register('${randomUUID()}@shop.example', 'a password of some length')`)
  const id = await page.evaluate<string>(`open.reserve('${sku}', 2)`)
  expect(id).toMatch(/^[\da-f]{8}-/)
  await untilSeen('byRpc', 1)
  await untilSeen('byEvents', 1)
  expect(await shop.available(sku)).toMatchObject({ available: 1 })

  expect(await page.evaluate<string>(`open.reserve('${sku}', 2)`)).toBe('INSUFFICIENT_STOCK')
  await page.evaluate('gone.abort(); stopEvents()')
})

test('a page of an origin that is not allowed gets nothing', async () => {
  const other = await browser.newPage()
  await other.goto(`http://localhost:${(pages.address() as AddressInfo).port}`)
  const refused = `shop.openShop(${JSON.stringify(shop.system.url)}).register('a@shop.example', 'a password of some length')
    .then(() => 'let in', (error) => error.name)`
  expect(await other.evaluate<string>(refused)).toBe('ConnectError')
  await other.close()
})

/** A page of the gateway's, and what is wrong with it: errors, violations of its policy, and whatever it wants from elsewhere. */
async function openOwn(path: string): Promise<{ own: Page; wrong: string[] }> {
  const context = await browser.newContext()
  const own = await context.newPage()
  const wrong: string[] = []
  own.on('console', (message) => {
    if (message.type() === 'error') wrong.push(message.text())
  })
  own.on('pageerror', (error) => wrong.push(error.message))
  own.on('requestfailed', (request) => wrong.push(`${request.url()} failed`))
  // Of its threads too.
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && origin !== shop.system.url) wrong.push(`${request.url()} is asked for`)
  })
  await own.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
    console.error(event.violatedDirective + ' is violated by ' + event.blockedURI)
  })`)
  const response = await own.goto(`${shop.system.url}${path}`)
  expect(response?.status()).toBe(200)
  return { own, wrong }
}

test('/docs shows an operation, and carries it out', async () => {
  const { own, wrong } = await openOwn('/docs')
  const create = own.locator('#operations-Reservation-createReservation')
  await create.locator('.opblock-summary-control').click()
  await create.getByText('Idempotency-Key', { exact: true }).waitFor()
  await create.locator('.opblock-section-request-body').waitFor()

  const sku = await shop.product(3)
  const get = own.locator('#operations-Inventory-getProduct')
  await get.locator('.opblock-summary-control').click()
  await get.locator('input[placeholder="sku"]').fill(sku)
  await get.locator('.execute').click()
  const answer = get.locator('.live-responses-table .response')
  await answer.getByText(sku).first().waitFor()
  expect(await answer.locator('.response-col_status').innerText()).toContain('200')
  expect(wrong).toEqual([])
  await own.context().close()
})

test('/redoc shows an operation, and finds one that is searched for', async () => {
  const { own, wrong } = await openOwn('/redoc')
  const create = own.locator('[id="tag/Reservation/operation/createReservation"]')
  await create.getByText('Holds all lines or none').first().waitFor()
  await create.getByText('Idempotency-Key').first().waitFor()
  await own.locator('[role="search"] input').fill('checkout')
  await own.locator('[role="search"] [role="menuitem"]').first().waitFor()
  expect(wrong).toEqual([])
  await own.context().close()
})
