/** The operator's pages of the console in a real browser, against a running shop. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { type Browser, chromium, type Page } from 'playwright-core'

import { type OrderReply, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { Screen } from './console/screen'
import { type Sale, saleIs, type SaleReply, startSale, watched } from './flash-sale'
import { checkOut, one, openShop, reserved, type Shop, statusOf } from './shop'

jest.setTimeout(180_000)

const screenshots = join(__dirname, '..', 'console', 'dist', 'screenshots')
const pages = ['', '/stock', '/shipments', '/reservations', '/orders', '/waitlist', '/users', '/audit', '/books']

let shop: Shop
let browser: Browser

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  const env = { DEMO_PATIENCE_MS: '5000' }
  shop = await openShop({ demo: true, env, envFor: { inventory: { CONSISTENCY_GRACE_MS: '0' } } })
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
}, 180_000)
afterAll(async () => {
  await browser.close()
  await shop.close()
})

const screens: Screen[] = []
afterEach(async () => {
  const all = screens.splice(0)
  const wrong = all.flatMap((screen) => screen.wrong)
  for (const screen of all) await screen.close()
  expect(wrong).toEqual([])
})

type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>

/** A browser in which the admin is signed in, with a page of the operator open. */
async function operatorAt(path: string, options: ContextOptions = {}): Promise<{ screen: Screen; page: Page }> {
  const screen = new Screen(await browser.newContext(options), shop.system.url)
  screens.push(screen)
  const page = await screen.open(`/operator${path}`)
  await screen.signIn(page, shop.system.credentials.admin)
  return { screen, page }
}

/** From a page of the shop to where one signs in, and comes back from. */
async function goSignIn(page: Page): Promise<Page> {
  await page.getByRole('button', { name: 'Sign in to reserve' }).click()
  return page
}

const rowOf = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text })

/** A level of the product's page, by its name. */
async function figure(page: Page, name: string): Promise<string | undefined> {
  const text = await page
    .locator('dl > div')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('dd')
    .textContent()
  return text ?? undefined
}

test('whoever does not run the shop sees none of it, and nobody is told otherwise by the API', async () => {
  const shopper = await shop.shopper()
  const screen = new Screen(await browser.newContext(), shop.system.url)
  screens.push(screen)
  const page = await screen.open('/operator/users')
  await screen.signIn(page, shopper.user)
  await page.getByText('Your account does not run this shop').waitFor()
  expect(await page.getByRole('link', { name: 'Operator' }).count()).toBe(0)
  expect((await shopper.get('/v1/users')).status).toBe(403)
})

test('units are added, counted, sent to another warehouse and received, and each is on record', async () => {
  const sku = await shop.product(5)
  await shop.admin.post('/v1/warehouses', { code: 'NORTH', name: 'In the north' })
  const { page } = await operatorAt(`/stock/${sku}`)
  await page.getByLabel('Units').fill('3')
  await page.getByLabel('Why').fill('found behind the shelf')
  await page.getByRole('button', { name: 'Adjust' }).click()
  await waitFor(async () => (await figure(page, 'Available')) === '8', { what: 'eight to be shown' })

  await page.getByRole('tab', { name: 'Count' }).click()
  await page.getByLabel('There are').fill('6')
  await page.getByLabel('Why').fill('the yearly count')
  await page.getByRole('button', { name: 'Set the count' }).click()
  await waitFor(async () => (await figure(page, 'Available')) === '6', { what: 'six to be shown' })

  await page.getByRole('tab', { name: 'Send' }).click()
  await page.getByLabel('To', { exact: true }).selectOption('NORTH')
  await page.getByLabel('Units').fill('7')
  await page.getByRole('button', { name: 'Send it on its way' }).click()
  await page
    .getByText(/not enough/i)
    .first()
    .waitFor()
  await page.getByLabel('Units').fill('2')
  await page.getByRole('button', { name: 'Send it on its way' }).click()
  await waitFor(async () => (await figure(page, 'On the way')) === '2', { what: 'two to be on the way' })

  await page.getByRole('link', { name: 'On the way' }).click()
  await rowOf(page, sku).getByRole('button', { name: 'All has arrived' }).click()
  await page.getByText('Nothing is on the way').waitFor()
  expect(await shop.available(sku)).toEqual({ onHand: 6, reserved: 0, available: 6 })

  await page.goto(`${shop.system.url}/operator/stock/${sku}`)
  await page.getByRole('tab', { name: 'Movements' }).click()
  for (const text of ['found behind the shelf', 'the yearly count', 'Sellable → Transit', 'Incoming → Sellable']) {
    await rowOf(page, text).first().waitFor()
  }
})

test('a product is made, its rules hold for shoppers, and who holds it is told', async () => {
  const { page } = await operatorAt('/stock')
  await page.getByLabel('SKU').fill('op-1')
  await page.getByLabel('Name').fill('A thing of the operator')
  await page.getByLabel('Price').fill('1500')
  await page.getByLabel('Units in MAIN').fill('4')
  await page.getByRole('button', { name: 'Make it' }).click()
  await page.getByRole('link', { name: 'A thing of the operator' }).click()
  await page.getByRole('tab', { name: 'Rules' }).click()
  await page.getByLabel('Most for one shopper').fill('1')
  await page.getByRole('button', { name: 'Set the rules' }).click()
  await page.getByText('They hold from now on.').waitFor()

  const shopper = await shop.shopper()
  const { body } = await shopper.post('/v1/reservations', { lines: one('OP-1', 2) })
  expect(body).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  await reserved(shopper, one('OP-1'))
  await page.reload()
  await rowOf(page, shopper.user.id).getByText('Held').waitFor()
})

test('a product is ordered ahead up to its cap, and its shopper is told what is still to come', async () => {
  const sku = await shop.product(1)
  const { page } = await operatorAt(`/stock/${sku}`)
  await page.getByRole('tab', { name: 'Rules' }).click()
  await page.getByLabel('May be ordered ahead').fill('2')
  await page.getByLabel('Expected on').fill('2031-12-24')
  await page.getByRole('button', { name: 'Set the rules' }).click()
  await waitFor(async () => (await figure(page, 'Promised beyond that')) === '0 of 2', { what: 'the cap to be shown' })

  const shopper = await shop.shopper()
  const screen = new Screen(await browser.newContext(), shop.system.url)
  screens.push(screen)
  const shopping = await screen.open(`/shop/products/${sku}`)
  await screen.signIn(await goSignIn(shopping), shopper.user)
  await shopping.getByLabel('How many').fill('3')
  await shopping.getByText('2 of them are not here yet, expected Dec 24, 2031').waitFor()
  await shopping.getByRole('button', { name: 'Reserve' }).click()
  await shopping.getByText('2 still to come, expected Dec 24, 2031').waitFor()
  await waitFor(async () => (await figure(page, 'Promised beyond that')) === '2 of 2', { what: 'both to be promised' })
  const other = await shop.shopper()
  expect((await other.post('/v1/reservations', { lines: one(sku) })).body).toMatchObject({ code: 'INSUFFICIENT_STOCK' })
})

test('an order shows the next steps that are legal, and no others', async () => {
  const shopper = await shop.shopper()
  const reservation = await reserved(shopper, one(await shop.product(3)))
  const { body } = await checkOut(shopper, reservation.id)
  const [{ sku } = { sku: '' }] = reservation.lines
  const { page } = await operatorAt('/orders')
  const row = rowOf(page, sku)
  const buttons = async () => row.getByRole('button').allTextContents()
  const steps = [
    { offered: ['Pack it', 'Cancel it'], status: 'PROCESSING' },
    { offered: ['It has left'], status: 'SHIPPED' },
    { offered: ['It has arrived'], status: 'DELIVERED' },
  ]
  for (const { offered, status } of steps) {
    await waitFor(async () => (await buttons()).join() === offered.join(), { what: `${offered.join(' and ')} to be offered` })
    await row.getByRole('button', { name: offered[0] }).click()
    await waitFor(async () => (await shopper.get<OrderReply>(`/v1/orders/${body.order.id}`)).body.order.status === status, {
      what: `the order to be ${status}`,
    })
  }
  await row.getByText('Delivered').waitFor()
  expect(await buttons()).toEqual([])
})

test('a reservation is ended after a question, and its units are back', async () => {
  const sku = await shop.product(2)
  const shopper = await shop.shopper()
  const { id } = await reserved(shopper, one(sku, 2))
  const { page } = await operatorAt('/reservations')
  await rowOf(page, sku).getByRole('button', { name: 'End it' }).click()
  expect(await statusOf(shopper, id)).toBe('ACTIVE')
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await waitFor(async () => (await rowOf(page, sku).count()) === 0, { what: 'the reservation to leave the list' })
  expect(await statusOf(shopper, id)).toBe('CANCELLED')
  expect(await shop.available(sku)).toMatchObject({ available: 2 })
})

test('the audit log is searched, its records are opened, and its chain is verified', async () => {
  const sku = await shop.product(2, 1_999)
  const { page } = await operatorAt('/audit')
  await page.getByLabel('Its id').fill(sku)
  await page.getByRole('button', { name: 'Look' }).click()
  await page.waitForURL(`**/audit?objectId=${sku}`)
  const record = page.getByRole('button', { name: `product ${sku}` })
  await waitFor(
    async () => {
      await page.reload()
      return record
        .first()
        .waitFor({ timeout: 2_000 })
        .then(
          () => true,
          () => false,
        )
    },
    { what: 'the record to be there', timeoutMs: 30_000 },
  )
  await record.first().click()
  await page.getByText('1999').waitFor()
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  await page.getByText('records are as they were written').waitFor()
})

test('a row that was spoiled is found and mended', async () => {
  const sku = await shop.product(9)
  await reserved(await shop.shopper(), one(sku, 2))
  const { page } = await operatorAt('/books')
  await page.getByRole('button', { name: 'Check the books' }).click()
  await page.getByText('The books balance').waitFor()
  const database = new Client({ connectionString: shop.system.databaseUrl('inventory') })
  await database.connect()
  await database.query('update stock_levels set reserved = 3 where sku = $1', [sku])
  await database.end()
  await page.getByRole('button', { name: 'Check again' }).click()
  const row = rowOf(page, `${sku}/MAIN`)
  await row.waitFor()
  await row.getByRole('button', { name: 'Mend' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Mend' }).click()
  await page.getByText('The books balance').waitFor()
  expect(await shop.available(sku)).toEqual({ onHand: 9, reserved: 2, available: 7 })
})

test('somebody is made an operator and a shopper again, and the last operator stays one', async () => {
  const { user } = await shop.shopper()
  const { page } = await operatorAt('/users')
  const look = async (email: string): Promise<void> => {
    await page.getByLabel('E-mail address').fill(email)
    await page.getByRole('button', { name: 'Look' }).click()
  }
  const confirm = async (name: string): Promise<void> => {
    await rowOf(page, '@').getByRole('button', { name }).click()
    await page.getByRole('dialog').getByRole('button', { name }).click()
  }
  await look(user.email)
  await confirm('Make an operator')
  await rowOf(page, user.email).getByText('Operator', { exact: true }).waitFor()
  await confirm('Make a shopper')
  await rowOf(page, user.email).getByText('Shopper', { exact: true }).waitFor()
  await look(shop.system.credentials.admin.email)
  await rowOf(page, shop.system.credentials.admin.email).waitFor()
  await confirm('Make a shopper')
  await page.getByRole('alert').waitFor()
})

test('a hundred shoppers want 25 units: 25 win, 75 are refused, what is let go is sold again, and the books balance', async () => {
  const { screen, page } = await operatorAt('', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  await page.getByRole('link', { name: 'Flash sale' }).click()
  await page.getByLabel('Units', { exact: true }).fill('0')
  await page.getByRole('button', { name: 'Open the doors' }).click()
  await page.getByText('Must be from 1 to 5000').waitFor()
  await page.getByLabel('Units', { exact: true }).fill('25')
  await page.getByLabel('Shoppers', { exact: true }).fill('100')
  await page.getByLabel('Shoppers', { exact: true }).press('Enter')
  await page.getByText('The books balance.').waitFor({ timeout: 150_000 })
  expect(await figure(page, 'Got a unit in the race')).toBe('25')
  expect(await figure(page, 'Told that it is sold out')).toBe('75')
  expect(await figure(page, 'Let go, and sold again')).toBe('5, 5')
  expect(await page.getByTestId('left').textContent()).toBe('0')
  await screen.checkLooks(page, join(screenshots, 'flash-sale-desk.png'))
  await page.setViewportSize({ width: 390, height: 844 })
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await screen.checkLooks(page, join(screenshots, 'flash-sale-phone.png'))

  const { body } = await shop.admin.get<{ sales: Sale[] }>('/v1/demo/sales')
  const [sale] = body.sales
  expect(sale).toMatchObject({ phase: 'DONE', won: 25, refused: 75, gaveUp: 0, paid: 25, letGo: 5, secondChances: 5, left: 0 })
  expect(sale?.books).toMatchObject({ balanced: true, consistent: true, sold: 25, onHand: 0, reserved: 0, paid: 25 })
  expect(await shop.available(sale?.sku ?? '')).toEqual({ onHand: 0, reserved: 0, available: 0 })
})

test.each(['PESSIMISTIC', 'OPTIMISTIC'])('shoppers of a sale may be held %s, and it balances as well', async (strategy) => {
  const id = await startSale(shop, { stock: 5, shoppers: 20, strategy })
  expect(await watched(shop, id)).toMatchObject({
    strategy,
    phase: 'DONE',
    won: 5,
    refused: 15,
    paid: 5,
    books: { balanced: true },
  })
})

test('who is no admin opens no sale, wrong numbers are told, and there is one sale at a time', async () => {
  const shopper = await shop.shopper()
  expect(await shopper.post('/v1/demo/sales', { stock: 5, shoppers: 5 })).toMatchObject({ status: 403 })
  expect(await shop.admin.post('/v1/demo/sales', { stock: 0, shoppers: 5_001 })).toMatchObject({
    status: 400,
    body: { code: 'INVALID_ARGUMENT', errors: [{ field: 'stock' }, { field: 'shoppers' }] },
  })
  const wanted = { stock: 5, shoppers: 5 }
  const start = async (body: object) => shop.admin.post<SaleReply>('/v1/demo/sales', body, { idempotencyKey: 'one-sale' })
  const first = await start(wanted)
  expect(first).toMatchObject({ status: 201, body: { replayed: false, sale: { phase: 'WAITING' } } })
  const { id } = first.body.sale
  expect(await start(wanted)).toMatchObject({ status: 200, body: { replayed: true, sale: { id } } })
  expect(await start({ ...wanted, stock: 6 })).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  expect(await shop.admin.post('/v1/demo/sales', wanted)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } })
  expect((await shopper.get(`/v1/demo/sales/${id}`)).status).toBe(403)
  expect(await shop.admin.post(`/v1/demo/sales/${id}:stop`)).toMatchObject({ status: 200, body: { sale: { phase: 'STOPPED' } } })
  expect(await watched(shop, id)).toMatchObject({ phase: 'STOPPED', won: 0 })
})

test('a sale that nobody watches any more ends, and what was reserved is given back', async () => {
  const id = await startSale(shop, { stock: 2_000, shoppers: 2_000 })
  await watched(shop, id, ({ won }) => won > 0)
  const sale = await waitFor(async () => saleIs(shop, id, 'STOPPED'), { what: 'the sale to be stopped', timeoutMs: 150_000 })
  expect(sale.problem).toBe('Nobody watched any more')
  const left = 2_000 - sale.paid
  expect(await shop.available(sale.sku)).toEqual({ onHand: left, reserved: 0, available: left })
  await shop.expectBalanced()
})

test('every page fits a phone by night and a desk by day, and axe finds nothing serious', async () => {
  const shopper = await shop.shopper()
  const sku = await shop.product(3)
  await checkOut(shopper, (await reserved(shopper, one(sku))).id)
  await reserved(shopper, one(sku))
  const sizes: [string, ContextOptions][] = [
    ['operator-phone', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
    ['operator-desk', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ]
  for (const [name, options] of sizes) {
    const { screen, page } = await operatorAt('', options)
    for (const path of [...pages, `/stock/${sku}`]) {
      await screen.go(page, `/operator${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await waitFor(async () => (await page.getByText('Loading').count()) === 0, { what: `${path} to be loaded` })
      await screen.checkLooks(page, join(screenshots, `${name}${path.replaceAll('/', '-')}.png`))
    }
  }
})
