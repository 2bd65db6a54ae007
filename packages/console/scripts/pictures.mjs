// Makes docs/pictures/ again, out of a running system: npm run pictures, beside npm start. It needs a Chromium.
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { chromium } from 'playwright-core'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const folder = join(root, 'docs', 'pictures')
const url = process.env.HOLDFAST_URL ?? `http://127.0.0.1:${process.env.HOLDFAST_PORT ?? '8080'}`
const data = process.env.HOLDFAST_DATA_DIR ?? join(root, '.holdfast')
const { admin, user } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'))

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })

/** A browser of somebody's own, signed in, with a page open. */
async function open(path, { email, password }, options) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 }, ...options })
  const page = await context.newPage()
  await page.goto(`${url}/account/sign-in?next=${encodeURIComponent(path)}`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.locator('form').getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Your account' }).waitFor()
  return page
}

async function take(page, name) {
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
  process.stdout.write(`docs/pictures/${name}.png\n`)
}

const shop = await open('/', user, { colorScheme: 'light' })
await shop.getByText('in stock').first().waitFor()
await take(shop, 'catalogue')

await shop.goto(`${url}/shop/products/HEADSET001`)
await shop.getByRole('button', { name: 'Reserve' }).click()
await shop.getByRole('heading', { name: 'Held for you' }).waitFor()
await take(shop, 'held')

const desk = await open('/operator/stock', admin, { colorScheme: 'dark' })
await desk.getByRole('cell', { name: '30', exact: true }).first().waitFor()
await take(desk, 'stock')

// A tenth of the shoppers get one; the same sale by the other strategies stands beside it.
const room = await open('/demo', admin, { colorScheme: 'light', viewport: { width: 1200, height: 1010 } })
await room.getByLabel('Units', { exact: true }).fill('500')
await room.getByLabel('Shoppers', { exact: true }).fill('5000')
await room.getByRole('button', { name: 'Open the doors' }).click()
const isOver = async (sales) =>
  room
    .getByText('balance', { exact: true })
    .nth(sales - 1)
    .waitFor({ timeout: 300_000 })
await isOver(1)
for (const [index, strategy] of ['Pessimistic', 'Optimistic'].entries()) {
  await room.getByRole('button', { name: strategy, exact: true }).click()
  await isOver(index + 2)
}
await take(room, 'flash-sale')

await browser.close()
