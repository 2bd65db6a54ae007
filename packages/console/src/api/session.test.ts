/** Pages of one browser, each a copy of the module, before a gateway that is made up: what they ask for, and in which order. */

/** Of session.ts, which is compiled for browsers, and tests are not. */
interface Tab {
  startSession(): void
  currentSession(): { status: 'unknown' | 'in' | 'out'; ended?: boolean }
  signIn(email: string, password: string): Promise<void>
  signOut(): Promise<void>
  accessToken(): Promise<string | undefined>
  renewToken(): Promise<string | undefined>
}

const session: string = './session.ts'

interface Asked {
  path: string
  key: string | null
}

let asked: Asked[]
/** What the gateway answers; a test puts another in its place. */
let gateway: (path: string) => Response | Promise<Response>
let stored: Map<string, string>
let channels: Set<FakeChannel>

class FakeChannel {
  readonly #listeners: ((event: { data: unknown }) => void)[] = []

  constructor() {
    channels.add(this)
  }

  addEventListener(_: 'message', listener: (event: { data: unknown }) => void): void {
    this.#listeners.push(listener)
  }

  postMessage(data: unknown): void {
    const others = [...channels].filter((channel) => channel !== this)
    queueMicrotask(() => others.forEach((other) => other.#listeners.forEach((listener) => listener({ data }))))
  }
}

/** As the browser's: one after the other, in all tabs. */
function fakeLocks(): object {
  let last: Promise<unknown> = Promise.resolve()
  return {
    request: async (_: string, work: () => Promise<unknown>) => {
      const mine = last.then(work)
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

const user = { id: 'u', email: 'ann@example.com', role: 'customer' }

function tokens(): Response {
  return Response.json({ user, accessToken: `token-${asked.length}`, refreshToken: '', expiresIn: 900 })
}

function problem(status: number): Response {
  return Response.json({ title: 'No', status, code: 'X', detail: '', errors: [], requestId: 'r' }, { status })
}

async function fakeFetch(input: unknown, init: RequestInit = {}): Promise<Response> {
  const path = String(input)
  asked.push({ path, key: new Headers(init.headers).get('idempotency-key') })
  return gateway(path)
}

async function openTab(): Promise<Tab> {
  let tab: Tab | undefined
  await jest.isolateModulesAsync(async () => {
    tab = (await import(session)) as Tab
  })
  if (tab === undefined) throw new Error('the module is not there')
  tab.startSession()
  return tab
}

async function signedIn(): Promise<Tab> {
  const tab = await openTab()
  await tab.signIn('ann@example.com', 'a password')
  return tab
}

/** Time goes on, and all that waits for it is done. */
async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms)
}

function paths(): string[] {
  return asked.map(({ path }) => path.replace('/v1/auth/', ''))
}

/** The answer to one request, given when the test says so. */
function held(): { answer: Promise<Response>; give: (response: Response) => void } {
  const { promise, resolve } = withResolvers<Response>()
  return { answer: promise, give: resolve }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((done) => (resolve = done))
  return { promise, resolve }
}

describe.each([
  ['with locks', () => ({ locks: fakeLocks() })],
  ['without locks, as at an address without TLS', () => ({})],
])('in a browser %s', (_, navigator) => {
  beforeEach(() => {
    jest.useFakeTimers()
    asked = []
    gateway = (path) => (path.endsWith('/logout') ? Response.json({ requestId: 'r' }) : tokens())
    stored = new Map()
    channels = new Set()
    const localStorage = {
      getItem: (name: string) => stored.get(name) ?? null,
      setItem: (name: string, value: string) => void stored.set(name, value),
      removeItem: (name: string) => void stored.delete(name),
    }
    const globals = { localStorage, fetch: fakeFetch, BroadcastChannel: FakeChannel, navigator: navigator() }
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    }
  })
  afterEach(() => jest.useRealTimers())

  test('all tabs refresh with one key, which is random, and another after the next sign-in', async () => {
    const tab = await signedIn()
    const other = await openTab()
    await pass(0)
    expect(other.currentSession().status).toBe('in')
    await tab.renewToken()
    const keys = asked.filter(({ path }) => path.endsWith('/refresh')).map(({ key }) => key)
    expect(keys).toEqual([expect.stringMatching(/^[\da-f]{32}$/), keys[0]])
    await tab.signOut()
    await tab.signIn('ann@example.com', 'a password')
    await pass(0)
    expect(asked.at(-1)).toEqual({ path: '/v1/auth/refresh', key: expect.stringMatching(/^[\da-f]{32}$/) })
    expect(asked.at(-1)?.key).not.toBe(keys[0])
  })

  test.each([
    ['this tab', tokens],
    ['another tab', tokens],
    ['this tab', () => problem(401)],
  ])('a sign-out is not undone by a renewal that is under way in %s, nor told as something else', async (where, answered) => {
    const tab = await signedIn()
    const other = await openTab()
    await pass(0)
    const { answer, give } = held()
    const usual = gateway
    gateway = (path) => (path.endsWith('/refresh') ? answer : usual(path))
    const renewed = (where === 'this tab' ? tab : other).renewToken()
    await pass(0)
    const left = tab.signOut()
    await pass(0)
    give(answered())
    await Promise.all([renewed, left])
    await pass(0)
    for (const each of [tab, other]) {
      expect(each.currentSession()).toEqual({ status: 'out', ended: false })
      expect(await each.accessToken()).toBeUndefined()
    }
    expect(stored.size).toBe(0)
    expect(paths().at(-1)).toBe('logout')
  })

  test('a renewal from before does not take the place of who has signed in since', async () => {
    const tab = await signedIn()
    const { answer, give } = held()
    const usual = gateway
    gateway = (path) => (path.endsWith('/refresh') ? answer : usual(path))
    const renewed = tab.renewToken()
    await pass(0)
    const left = tab.signOut()
    const entered = tab.signIn('ann@example.com', 'a password')
    give(problem(401))
    await Promise.all([renewed, left, entered])
    expect(tab.currentSession().status).toBe('in')
    expect(paths().slice(-3)).toEqual(['refresh', 'logout', 'login'])
  })

  test.each([
    ['is away', () => Promise.reject(new TypeError('fetch failed'))],
    ['has no time', () => problem(503)],
    ['has heard too much', () => problem(429)],
  ])('a sign-out that the gateway does not hear, as it %s, is said again by the next page, before all else', async (__, no) => {
    const tab = await signedIn()
    gateway = no
    void tab.signOut()
    await pass(1_000)
    expect(tab.currentSession().status).toBe('out')
    // The browser is closed, and opened again.
    channels.clear()
    jest.clearAllTimers()
    asked = []
    gateway = () => Response.json({ requestId: 'r' })
    const next = await openTab()
    await pass(1_000)
    expect(next.currentSession().status).toBe('out')
    expect(paths()).toEqual(['logout'])
    expect(stored.size).toBe(0)
  })

  test('it is said again by an open page when the connection is found, and by then a sign-in says it first', async () => {
    const tab = await signedIn()
    const usual = gateway
    gateway = async () => Promise.reject(new TypeError('fetch failed'))
    const left = tab.signOut()
    await pass(1_000)
    gateway = (path) => (path === '/healthz' ? new Response('ok') : usual(path))
    asked = []
    await pass(1_500)
    await left
    expect(paths()).toEqual(['/healthz', 'logout'])

    await tab.signIn('ann@example.com', 'a password')
    gateway = (path) => (path.endsWith('/logout') ? problem(503) : usual(path))
    void tab.signOut()
    await pass(1_000)
    asked = []
    const entered = tab.signIn('ann@example.com', 'a password')
    await pass(1_000)
    await entered
    expect(paths().slice(0, 1)).toEqual(['logout'])
    expect(paths().at(-1)).toBe('login')
    // And the new session is not ended by what was to be said of the one before.
    gateway = usual
    await pass(120_000)
    expect(paths().at(-1)).toBe('login')
    expect(tab.currentSession().status).toBe('in')
  })

  test.each([401, 403, 404])('a session that is refused for good (%i) is over, and not asked for again', async (status) => {
    await signedIn()
    gateway = () => problem(status)
    const next = await openTab()
    await pass(120_000)
    expect(next.currentSession()).toEqual({ status: 'out', ended: true })
    expect(paths()).toEqual(['login', 'refresh'])
  })

  test.each([408, 429, 503])('one that is refused for now (%i) is asked for after longer and longer pauses', async (status) => {
    await signedIn()
    gateway = () => problem(status)
    const next = await openTab()
    await pass(0)
    for (const pauseMs of [2_000, 4_000, 8_000]) {
      asked = []
      await pass(pauseMs - 1)
      expect(paths()).toEqual([])
      await pass(1)
      expect(paths()).toEqual(['refresh'])
    }
    expect(next.currentSession().status).toBe('unknown')
    gateway = tokens
    await pass(16_000)
    expect(next.currentSession().status).toBe('in')
  })
})
