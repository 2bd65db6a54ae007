/** The console in a real browser, against a running shop. What each page looked like is in dist/screenshots of packages/console. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

import { type TestUser, waitFor } from '@holdfast/testing'

import { Screen } from './console/screen'
import { checkOut, openShop, reserved, one, type Shop, type Shopper } from './shop'

jest.setTimeout(600_000)

const screenshots = join(__dirname, '..', 'console', 'dist', 'screenshots')

let shop: Shop
let browser: Browser

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  shop = await openShop({ envFor: { order: { PAYMENT_CALLBACK_WAIT_MS: '500', SIMULATED_SLOW_MS: '4000' } } })
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
}, 600_000)
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

/** A browser of somebody's own. */
async function openScreen(options: ContextOptions = {}): Promise<Screen> {
  const screen = new Screen(await browser.newContext(options), shop.system.url)
  screens.push(screen)
  return screen
}

/** The same with somebody signed in. */
async function signedIn(options: ContextOptions = {}): Promise<{ screen: Screen; page: Page; shopper: Shopper }> {
  const [screen, shopper] = [await openScreen(options), await shop.shopper()]
  const page = await screen.open('/account/sign-in')
  await screen.signIn(page, shopper.user)
  return { screen, page, shopper }
}

test('a shopper reserves by keyboard alone, is asked to sign in on the way, and comes back to where they were', async () => {
  const sku = await shop.product(7)
  const { user } = await shop.shopper()
  const screen = await openScreen()
  const page = await screen.open(`/shop/products/${sku}`)
  await page.getByText('7 in stock').waitFor()
  await screen.tabTo(page, 'Sign in to reserve')
  await page.keyboard.press('Enter')
  await screen.tabTo(page, 'E-mail address')
  await page.keyboard.type(user.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(user.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/shop/products/${sku}`)
  await screen.tabTo(page, 'How many')
  await page.keyboard.press('ArrowUp')
  await screen.tabTo(page, 'Reserve')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
  expect(await shop.available(sku)).toMatchObject({ available: 5, reserved: 2 })
})

test('a countdown follows the clock of the server, and what it counts down to happens', async () => {
  const sku = await shop.product(1)
  const { screen, page, shopper } = await signedIn()
  // This machine thinks that it is a day later.
  await page.clock.setFixedTime(Date.now() + 86_400_000)
  const { id } = await reserved(shopper, one(sku), { ttlSeconds: 600 })
  await screen.go(page, `/shop/reservations/${id}`)
  await page
    .getByRole('timer')
    .getByText(/^(10:00|9:\d\d)$/)
    .waitFor()

  const other = await shop.product(1)
  const short = await reserved(shopper, one(other), { ttlSeconds: 2 })
  await screen.go(page, `/shop/reservations/${short.id}`)
  await page.getByRole('heading', { name: 'Its time is over' }).waitFor()
  await page.getByRole('button', { name: 'Reserve again' }).click()
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
  expect(await shop.available(other)).toMatchObject({ available: 0 })
})

test('a reservation is made longer, larger and smaller, and given back', async () => {
  const sku = await shop.product(2)
  const { screen, page, shopper } = await signedIn()
  const { id } = await reserved(shopper, one(sku), { ttlSeconds: 120 })
  await screen.go(page, `/shop/reservations/${id}`)
  await page.getByRole('button', { name: '5 minutes more' }).click()
  await page
    .getByRole('timer')
    .getByText(/^6:\d\d$/)
    .waitFor()
  await page.getByRole('button', { name: `One ${sku} more` }).click()
  await page.getByText('2 × $10.00').waitFor()
  await page.getByRole('button', { name: `One ${sku} more` }).click()
  await page.getByRole('alert').getByText('Not enough left').waitFor()
  await page.getByText('2 × $10.00').waitFor()
  await page.getByRole('button', { name: `One ${sku} less` }).click()
  await page.getByText('1 × $10.00').waitFor()
  await page.getByRole('button', { name: 'Give back' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click()
  await page.getByRole('heading', { name: 'Given back' }).waitFor()
  expect(await shop.available(sku)).toMatchObject({ available: 2, reserved: 0 })
})

test('a declined card leaves all as it was, a good one makes the order, which is cancelled in the end', async () => {
  const sku = await shop.product(3, 2_550)
  const { screen, page, shopper } = await signedIn()
  const { id } = await reserved(shopper, one(sku, 2))
  await screen.go(page, `/shop/reservations/${id}`)
  await page.getByLabel('A card that is declined').check()
  await page.getByRole('button', { name: 'Pay $51.00' }).click()
  const note = page.getByRole('alert')
  await note.getByText('The card was declined').waitFor()
  expect(await note.innerText()).toMatch(/Request [\da-f-]{36}/)
  await page.getByLabel('A good card').check()
  await page.getByRole('button', { name: 'Pay $51.00' }).click()
  await page.getByRole('heading', { name: 'Thank you' }).waitFor()
  await page.getByText('Paid in full.').waitFor()
  await page.getByRole('button', { name: 'Cancel the order' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click()
  await page.getByText('Your money was given back.').waitFor()
  expect(await shop.available(sku)).toMatchObject({ onHand: 3, available: 3 })
})

test('what is not there yet is promised, with its day, and a bank that calls back is waited for', async () => {
  const sku = await shop.product(1)
  const until = '2031-12-24T12:00:00Z'
  expect((await shop.admin.patch(`/v1/products/${sku}`, { backorder: { cap: 3, until } })).status).toBe(200)
  const { screen, page } = await signedIn()
  await screen.go(page, `/shop/products/${sku}`)
  await page.getByText('Only 1 left').waitFor()
  await page.getByLabel('How many').fill('3')
  await page.getByText('2 of them are not here yet, expected Dec 24, 2031.').waitFor()
  await page.getByRole('button', { name: 'Reserve', exact: true }).click()
  await page.getByText('2 still to come, expected Dec 24, 2031').waitFor()
  await page.getByLabel('A bank that calls back').check()
  await page.getByRole('button', { name: 'Pay $30.00' }).click()
  await page.getByText('Payment under way').waitFor()
  await page.getByText('Paid in full.').waitFor()
})

test('of two who want the last unit one has it, and the other is told in plain words', async () => {
  const sku = await shop.product(1)
  const pages = await Promise.all([signedIn(), signedIn()])
  for (const { screen, page } of pages) await screen.go(page, `/shop/products/${sku}`)
  for (const { page } of pages) await page.getByText('Only 1 left').waitFor()
  // Neither is served before both have asked: on a slow machine the second would be told before.
  const both = Promise.withResolvers<void>()
  let asked = 0
  for (const { page } of pages) {
    await page.route('**/v1/reservations', async (route) => {
      if (route.request().method() === 'POST' && ++asked === pages.length) both.resolve()
      if (route.request().method() === 'POST') await both.promise
      await route.continue()
    })
  }
  const outcomes = await Promise.all(
    pages.map(async ({ page }) => {
      await page.getByRole('button', { name: 'Reserve', exact: true }).click()
      const [held, refused] = [page.getByRole('heading', { name: 'Held for you' }), page.getByRole('alert')]
      await held.or(refused).first().waitFor()
      return (await held.isVisible()) ? 'held' : await refused.innerText()
    }),
  )
  expect(outcomes).toContain('held')
  expect(outcomes.find((outcome) => outcome !== 'held')).toMatch(/Not enough left[^]*Request [\da-f-]{36}/)
  // And both pages know at once that nothing is left.
  for (const { page } of pages) {
    if (page.url().includes('/products/')) await page.getByText('All held right now').waitFor()
  }
})

test('who finds it sold out waits in line, may leave it, and is told on any page when it is their turn', async () => {
  const sku = await shop.product(1)
  const { screen, page } = await signedIn()
  const first = await shop.shopper()
  const held = await reserved(first, one(sku))
  await screen.go(page, `/shop/products/${sku}`)
  await page.getByRole('button', { name: 'Join the line' }).click()
  await page.getByText('Waiting, 1st in line').waitFor()
  await page.getByRole('button', { name: 'Leave the line' }).click()
  await page.getByRole('button', { name: 'Join the line' }).click()
  await page.getByText('Waiting, 1st in line').waitFor()
  await page.getByRole('navigation').getByText('Catalogue').click()
  await first.post(`/v1/reservations/${held.id}:cancel`, {})
  await page.getByText(`1 × ${sku} held for you`).waitFor()
  await page.getByText('Your wait is over').click()
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
  await page.getByRole('navigation').getByText('Waitlist').click()
  await page.getByRole('listitem').getByText('Held for you').waitFor()
  await page.getByRole('listitem').getByText('Left').waitFor()
})

test('stock is shown as it is this second, on the product and in the catalogue', async () => {
  const sku = await shop.product(9, 1_000, 'A-LIVE')
  const screen = await openScreen()
  const [page, list] = [await screen.open(`/shop/products/${sku}`), await screen.open('/')]
  const card = list.getByRole('listitem').filter({ hasText: `Product ${sku}` })
  await page.getByText('9 in stock').waitFor()
  await card.getByText('9 in stock').waitFor()
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: -5, reason: 'broken' })
  await page.getByText('Only 4 left').waitFor()
  await card.getByText('Only 4 left').waitFor()
})

test('the catalogue is searched while somebody types, and shows on wish only what can be had; the address knows both', async () => {
  const [there, gone] = [await shop.product(3, 1_000, 'SEARCHED-IN'), await shop.product(0, 1_000, 'SEARCHED-OUT')]
  const screen = await openScreen()
  const page = await screen.open('/')
  const found = page.getByRole('list', { name: 'Products' }).getByRole('link')
  await page.getByRole('searchbox', { name: 'Search the catalogue' }).pressSequentially('searched PROD', { delay: 40 })
  await page.waitForURL('**/?search=searched+PROD')
  await waitFor(async () => (await found.allInnerTexts()).join() === `Product ${there},Product ${gone}`, { what: 'both' })
  await page.getByLabel('Only what can be had').check()
  await waitFor(async () => (await found.allInnerTexts()).join() === `Product ${there}`, { what: 'the one that is there' })
  await found.click()
  await page.getByText('Only 3 left').waitFor()
  await page.goBack()
  await page.reload()
  await waitFor(async () => (await found.allInnerTexts()).join() === `Product ${there}`, { what: 'the same again' })
  expect(await page.getByRole('searchbox').inputValue()).toBe('searched PROD')
  await page.getByRole('searchbox').fill('nothing like it')
  await page.getByText('Nothing found').waitFor()
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await waitFor(async () => (await found.count()) > 0, { what: 'all that can be had' })
  await page.getByRole('navigation').getByText('Catalogue').click()
  expect(await page.getByRole('searchbox').inputValue()).toBe('')
})

test('a basket is filled before somebody signs in, outlives reloads, and is reserved as one, or not at all', async () => {
  const [a, b] = [await shop.product(5, 1_000, 'BASKET-A'), await shop.product(3, 250, 'BASKET-B')]
  const { user } = await shop.shopper()
  const screen = await openScreen()
  const page = await screen.open('/?search=basket')
  await page.getByRole('button', { name: `Put Product ${a} into the basket` }).click()
  await screen.go(page, `/shop/products/${b}`)
  await page.getByLabel('How many').fill('3')
  await page.getByRole('button', { name: 'Put into the basket' }).click()
  await page.reload()
  await page.getByRole('link', { name: 'Basket, 4 units' }).click()
  await page.getByText('$17.50').waitFor()
  await page.getByLabel(`How many ${a}`).fill('2')
  await page.getByText('$27.50').waitFor()
  await page.getByRole('button', { name: 'Sign in to reserve' }).click()
  await screen.signIn(page, user)
  await page.getByText('3 left').waitFor()
  // Somebody is quicker, and the page has not heard of it.
  await page.route('**/v1/availability**', async (route) => route.fulfill({ status: 404 }))
  await page.reload()
  await page.getByText('$27.50').waitFor()
  await shop.admin.post(`/v1/products/${b}/stock:adjust`, { delta: -2, reason: 'broken' })
  await page.getByRole('button', { name: 'Reserve all of it' }).click()
  await page.getByRole('alert').getByText('Not enough left').waitFor()
  await page.getByRole('listitem').filter({ hasText: b }).getByText('Not enough left').waitFor()
  expect(await page.getByRole('listitem').filter({ hasText: a }).getByText('Not enough left').count()).toBe(0)
  expect(await shop.available(a)).toMatchObject({ reserved: 0 })
  await page.unroute('**/v1/availability**')
  await page.getByRole('button', { name: 'Take the 1 that is left' }).click()
  await page.getByText('$22.50').waitFor()
  await page.getByRole('button', { name: 'Reserve all of it' }).click()
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
  expect([await shop.available(a), await shop.available(b)]).toMatchObject([{ reserved: 2 }, { reserved: 1 }])
  expect(await page.getByRole('link', { name: /^Basket/ }).count()).toBe(0)
})

test('a basket goes with whoever signs out, and what is no basket in the storage of a browser is an empty one', async () => {
  const { page, screen } = await signedIn()
  await page.evaluate(
    `localStorage.setItem('holdfast-basket', '[{"sku":"GONE-1","quantity":2},{"sku":7},null,{"sku":"X","quantity":-1}]')`,
  )
  await screen.go(page, '/shop/basket')
  await page.getByRole('link', { name: 'Basket, 2 units' }).waitFor()
  await page.getByRole('listitem').getByText('Not here').waitFor()
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByText('Sign out').click()
  await page.getByRole('banner').getByText('Sign in').waitFor()
  expect(await page.evaluate(`localStorage.getItem('holdfast-basket')`)).toBeNull()
  await page.evaluate(`localStorage.setItem('holdfast-basket', '{nonsense')`)
  await screen.go(page, '/shop/basket')
  await page.getByRole('heading', { name: 'Nothing in it' }).waitFor()
})

test('a part of a reservation is paid for, the rest stays held; a part whose card is declined is paid for on a page of its own', async () => {
  const [a, b] = [await shop.product(9, 1_000), await shop.product(9, 300)]
  const { screen, page, shopper } = await signedIn()
  const { id } = await reserved(shopper, [...one(a, 3), ...one(b, 2)])
  await screen.go(page, `/shop/reservations/${id}`)
  await page.getByRole('switch', { name: 'Pay for a part of it' }).check()
  await page.getByLabel(`Pay for how many ${a}`).fill('1')
  await page.getByLabel(`Pay for how many ${b}`).fill('0')
  await page.getByRole('button', { name: 'Pay $10.00' }).click()
  await page.getByRole('heading', { name: 'Thank you' }).waitFor()
  await screen.go(page, `/shop/reservations/${id}`)
  await page.getByText('2 × $10.00').waitFor()
  await page.getByRole('switch', { name: 'Pay for a part of it' }).check()
  await page.getByLabel(`Pay for how many ${a}`).fill('0')
  await page.getByLabel(`Pay for how many ${b}`).fill('1')
  await page.getByLabel('A card that is declined').check()
  await page.getByRole('button', { name: 'Pay $3.00' }).click()
  await page.getByText('is a reservation of its own now').waitFor()
  await page.getByText('1 × $3.00').waitFor()
  await page.getByRole('switch').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Pay $3.00' }).click()
  await page.getByRole('heading', { name: 'Thank you' }).waitFor()
  expect([await shop.available(a), await shop.available(b)]).toMatchObject([
    { onHand: 8, reserved: 2 },
    { onHand: 8, reserved: 1 },
  ])
})

describe('a session', () => {
  test('outlives a reload, in several tabs at once, and no script can read what it lives by', async () => {
    const { screen, page } = await signedIn()
    const tabs = [page, await screen.open('/shop/orders'), await screen.open('/shop/reservations')]
    await Promise.all(tabs.map(async (tab) => screen.go(tab, '/shop/orders')))
    // As somebody impatient does it: the answer to the refresh that is under way never arrives.
    for (let times = 0; times < 4; times++) {
      // One that meets the end of the one before is asked for again: "Not attached to an active page".
      await waitFor(async () => page.reload({ waitUntil: 'commit' }).then(() => true), { what: 'the page to reload' })
    }
    for (const tab of tabs) await tab.getByRole('heading', { name: 'Your orders' }).waitFor()
    const cookies = await page.context().cookies(`${shop.system.url}/v1/auth/refresh`)
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/v1/auth' }])
    const readable = await page.evaluate<string>('document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })')
    expect(readable).not.toMatch(/eyJ|[\w-]{43}/)
  })

  test('whose access token is refused gets another one, and the page is not lost', async () => {
    const sku = await shop.product(4)
    const { screen, page } = await signedIn()
    await screen.go(page, `/shop/products/${sku}`)
    await page.getByLabel('How many').fill('3')
    const refused = {
      type: '/docs/errors#UNAUTHENTICATED',
      title: 'No',
      status: 401,
      detail: '',
      code: 'UNAUTHENTICATED',
      errors: [],
    }
    await page.route(
      '**/v1/reservations',
      async (route) => route.fulfill({ status: 401, json: { ...refused, requestId: 'r' } }),
      {
        times: 1,
      },
    )
    await page.getByRole('button', { name: 'Reserve', exact: true }).click()
    await page.getByRole('heading', { name: 'Held for you' }).waitFor()
    expect(await shop.available(sku)).toMatchObject({ reserved: 3 })
  })

  test('that was ended elsewhere leads to the sign-in, and from there back to the same page', async () => {
    const { screen, page, shopper } = await signedIn()
    await screen.go(page, '/shop/orders')
    await page.getByText('Nothing ordered yet').waitFor()
    expect((await shopper.post('/v1/auth/logout:everywhere', {})).status).toBe(200)
    await page.getByRole('navigation').getByText('Reservations').click()
    await page.getByText('Your session has ended').waitFor()
    await screen.signIn(page, shopper.user)
    await page.getByRole('heading', { name: 'Your reservations' }).waitFor()
  })

  test('that is signed out in one tab is over in all', async () => {
    const { screen, page } = await signedIn()
    const other = await screen.open('/shop/orders')
    await other.getByRole('heading', { name: 'Your orders' }).waitFor()
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByText('Sign out').click()
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    await waitFor(async () => (await page.context().cookies()).length === 0, { what: 'the cookie to be gone' })
  })

  test('that is signed out without a connection is over as soon as there is one, also on another page', async () => {
    const { screen, page } = await signedIn()
    screen.isOffline = true
    await page.context().setOffline(true)
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByText('Sign out').click()
    await page.getByRole('banner').getByText('Sign in').waitFor()
    await page.context().setOffline(false)
    await page.reload()
    await waitFor(async () => (await page.context().cookies()).length === 0, { what: 'the cookie to be gone' })
    screen.isOffline = false
  })

  test('is not given for a wrong password', async () => {
    const { user } = await shop.shopper()
    const screen = await openScreen()
    const page = await screen.open('/account/sign-in')
    await screen.fillIn(page, { ...user, password: 'something else' })
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor()
  })
})

test('without a connection it says so, keeps what it shows, and goes on by itself', async () => {
  const sku = await shop.product(6)
  const { screen, page } = await signedIn()
  await screen.go(page, `/shop/products/${sku}`)
  await page.getByText('6 in stock').waitFor()
  screen.isOffline = true
  await page.context().setOffline(true)
  await page.getByText('No connection to the shop').waitFor()
  await page.getByRole('button', { name: 'Reserve', exact: true }).click()
  await page.getByRole('alert').getByText('The shop could not be reached').waitFor()
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: 2, reason: 'found' })
  await page.context().setOffline(false)
  await page.getByText('8 in stock').waitFor()
  await page.getByText('No connection to the shop').waitFor({ state: 'detached' })
  screen.isOffline = false
})

test('a restart of the gateway interrupts nobody', async () => {
  const sku = await shop.product(6)
  const { screen, page } = await signedIn()
  await screen.go(page, `/shop/products/${sku}`)
  await page.getByText('6 in stock').waitFor()
  screen.isOffline = true
  await shop.system.kill('gateway')
  await page.getByText('No connection to the shop').waitFor()
  await shop.system.restart('gateway')
  await shop.system.waitUntilReady()
  await page.getByText('No connection to the shop').waitFor({ state: 'detached' })
  screen.isOffline = false
  await shop.admin.post(`/v1/products/${sku}/stock:adjust`, { delta: -4, reason: 'broken' })
  await page.getByText('Only 2 left').waitFor()
  await page.getByRole('button', { name: 'Reserve', exact: true }).click()
  await page.getByRole('heading', { name: 'Held for you' }).waitFor()
})

test('a part of the program that is not to be had takes nothing else with it', async () => {
  const sku = await shop.product(3, 1_000, 'A-PART')
  const screen = await openScreen()
  const page = await screen.open('/')
  await page.route('**/assets/product-*.js', async (route) => route.abort())
  await page.getByText(`Product ${sku}`).click()
  await page.getByRole('heading', { name: 'This page did not open' }).waitFor()
  await page.unroute('**/assets/product-*.js')
  await page.getByRole('button', { name: 'Load again' }).click()
  await page.getByText('Only 3 left').waitFor()
  // The browser and React have told of it.
  expect(screen.wrong.splice(0).join()).toContain('ERR_FAILED')
})

describe.each([
  ['by day, on a desk', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['by night, on a phone', { colorScheme: 'dark', viewport: { width: 390, height: 844 }, hasTouch: true }],
] as const)('every page %s', (_, options) => {
  let context: BrowserContext
  let user: TestUser
  let gone: string
  let ids: { reservation: string; ended: string; order: string }

  beforeAll(async () => {
    const shopper = await shop.shopper()
    ;({ user } = shopper)
    const sku = await shop.product(20, 129_999, `LOOK-${options.colorScheme}`.toUpperCase())
    const [paid, ended, held] = [
      await reserved(shopper, one(sku)),
      await reserved(shopper, one(sku)),
      await reserved(shopper, one(sku, 2)),
    ]
    const { body } = await checkOut(shopper, paid.id)
    await shopper.post(`/v1/reservations/${ended.id}:cancel`, {})
    gone = await shop.product(0)
    await shopper.post('/v1/waitlist', { sku: gone, quantity: 2 })
    ids = { reservation: held.id, ended: ended.id, order: body.order.id }
    context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
  })
  afterAll(async () => context.close())

  test('fits, and has nothing that shuts somebody out', async () => {
    const screen = new Screen(context, shop.system.url)
    const page = await screen.open('/')
    const sku = `LOOK-${options.colorScheme}`.toUpperCase()
    const look = async (title: string, path: string, ready: string): Promise<void> => {
      await screen.go(page, path)
      await page.getByText(ready).first().waitFor()
      await screen.checkLooks(page, join(screenshots, `${options.colorScheme}-${title}.png`))
    }
    await look('catalogue', '/', 'in stock')
    await look('product', `/shop/products/${sku}`, 'in stock')
    await page.getByRole('button', { name: 'Put into the basket' }).click()
    await look('basket', '/shop/basket', 'in stock')
    await look('nothing-found', '/?search=nothing-like-it', 'Nothing found')
    await look('register', '/account/register', 'Make an account')
    await look('sign-in', '/account/sign-in', 'Make one')
    await screen.signIn(page, user)
    await look('reservations', '/shop/reservations', 'Given back')
    await look('reservation', `/shop/reservations/${ids.reservation}`, 'Check out')
    await page.getByRole('switch', { name: 'Pay for a part of it' }).check()
    await screen.checkLooks(page, join(screenshots, `${options.colorScheme}-part.png`))
    await page.getByRole('button', { name: 'Give back' }).click()
    await page.getByRole('dialog').waitFor()
    await screen.checkLooks(page, join(screenshots, `${options.colorScheme}-question.png`))
    await look('ended', `/shop/reservations/${ids.ended}`, 'Reserve again')
    await look('orders', '/shop/orders', 'Paid')
    await look('order', `/shop/orders/${ids.order}`, 'Thank you')
    await look('waitlist', '/shop/waitlist', 'in line')
    await look('sold-out', `/shop/products/${gone}`, 'Your place in line')
    await look('refusal', '/shop/orders/00000000-0000-4000-8000-000000000000', 'Not here')
    await look('missing', '/shop/nothing', 'nothing at this address')
    expect(screen.wrong).toEqual([])
  })
})
