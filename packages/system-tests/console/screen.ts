import { readFileSync } from 'node:fs'

import type { BrowserContext, Page } from 'playwright-core'

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** How long something may take to show on a machine that has much else to do, ms. */
const patienceMs = 90_000

/** How often Tab is pressed before something counts as out of reach. */
const mostTabs = 60

interface Violation {
  id: string
  impact: string
  nodes: { html: string; failureSummary: string }[]
}

/** A browser window of somebody, and whatever is wrong with what is shown in it. */
export class Screen {
  /** Errors of the page, violations of its policy, and requests to elsewhere. */
  readonly wrong: string[] = []
  /** Then requests may fail. */
  isOffline = false

  constructor(
    private readonly context: BrowserContext,
    private readonly url: string,
  ) {
    context.setDefaultTimeout(patienceMs)
    // Of refusals the browser writes by itself; they are answers here.
    const isRefusal = /^Failed to load resource: the server responded with a status of 4\d\d/
    const isOffline = /^Failed to load resource: net::|^Access to fetch/
    context.on('console', (message) => {
      const text = message.text()
      if (!['error', 'warning'].includes(message.type()) || isRefusal.test(text)) return
      if (!(this.isOffline && isOffline.test(text))) this.wrong.push(text)
    })
    context.on('weberror', (error) => this.wrong.push(error.error().message))
    context.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol !== 'data:' && origin !== url) this.wrong.push(`${request.url()} is asked for`)
    })
  }

  /** A new tab. */
  async open(path: string): Promise<Page> {
    const page = await this.context.newPage()
    await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
      console.error(event.violatedDirective + ' is violated by ' + event.blockedURI)
    })`)
    await this.go(page, path)
    return page
  }

  async go(page: Page, path: string): Promise<void> {
    await page.goto(`${this.url}${path}`)
  }

  async signIn(page: Page, user: { email: string; password: string }): Promise<void> {
    await this.fillIn(page, user)
    await page.getByRole('button', { name: 'Your account' }).waitFor()
  }

  async fillIn(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.locator('form').getByRole('button', { name: 'Sign in' }).click()
  }

  /** Moves on by keyboard until it is at the field or the button with that name. */
  async tabTo(page: Page, name: string): Promise<void> {
    for (let pressed = 0; pressed < mostTabs; pressed++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate<string>(`(() => {
        const { activeElement: at } = document
        return at?.labels?.[0]?.textContent ?? at?.ariaLabel ?? at?.textContent ?? ''
      })()`)
      if (at.trim() === name) return
    }
    throw new Error(`${name} is not reached by keyboard`)
  }

  /** Nothing is cut off at the side, and axe finds nothing serious. */
  async checkLooks(page: Page, screenshot: string): Promise<void> {
    await page.screenshot({ path: screenshot, fullPage: true })
    const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    if (tooWide > 0) this.wrong.push(`${page.url()} is ${tooWide} pixels too wide`)
    await page.evaluate(axe)
    const violations = await page.evaluate<Violation[]>(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)`,
    )
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      this.wrong.push(`${page.url()}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`)
    }
  }

  async close(): Promise<void> {
    await this.context.close()
  }
}
