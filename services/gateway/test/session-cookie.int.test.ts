/** Sessions of pages that the gateway serves itself: the refresh token is in a cookie, and nowhere else. */
import { randomUUID } from 'node:crypto'

import { waitFor } from '@holdfast/testing'

import { type Answer, type Fixture, startFixture } from './support'

let gateway: Fixture

beforeAll(async () => {
  gateway = await startFixture()
})
afterAll(async () => gateway.close())

const ownPage = { 'x-holdfast-session': 'cookie', 'sec-fetch-site': 'same-origin' }

/** The header Set-Cookie of an answer, and what of it comes back with the next request. */
function cookieOf({ headers }: Answer): { text: string; pair: string } {
  const [text = ''] = headers.getSetCookie()
  return { text, pair: text.split(';')[0] ?? '' }
}

async function logIn(headers: Record<string, string> = ownPage): Promise<Answer> {
  const { email, password } = await gateway.register()
  return gateway.call('POST /v1/auth/login', { body: { email, password }, headers })
}

async function refresh(cookie: string, headers: Record<string, string> = {}): Promise<Answer> {
  return gateway.call('POST /v1/auth/refresh', { body: {}, headers: { ...ownPage, cookie, ...headers } })
}

function userOf({ body }: Answer): string {
  return (body?.['user'] as { id: string } | undefined)?.id ?? ''
}

async function familiesOf(answer: Answer): Promise<number> {
  const { rows } = await gateway.db.query('select distinct family_id from refresh_tokens where user_id = $1', [userOf(answer)])
  return rows.length
}

describe('a page that asks for a cookie', () => {
  test('is given the refresh token in one that no script can read, and not in the body', async () => {
    const answer = await logIn()
    expect(answer).toMatchObject({ status: 200, body: { refreshToken: '', accessToken: expect.stringMatching(/^ey/) } })
    expect(cookieOf(answer).text).toMatch(
      /^holdfast-refresh=[\w-]{43}; Path=\/v1\/auth; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    )
  })

  test('registers the same way', async () => {
    const body = { email: 'cookie@example.com', password: 'a long enough password' }
    const answer = await gateway.call('POST /v1/auth/register', { body, headers: ownPage })
    expect(answer).toMatchObject({ status: 201, body: { refreshToken: '' } })
    expect(cookieOf(answer).pair).toMatch(/^holdfast-refresh=[\w-]{43}$/)
  })

  test('refreshes with it, and is given the next', async () => {
    const before = cookieOf(await logIn()).pair
    const answer = await refresh(before)
    expect(answer).toMatchObject({ status: 200, body: { refreshToken: '', expiresIn: 900 } })
    expect(cookieOf(answer).pair).toMatch(/^holdfast-refresh=[\w-]{43}$/)
    expect(cookieOf(answer).pair).not.toBe(before)
    const me = await gateway.call('GET /v1/auth/me', { token: String(answer.body?.['accessToken']) })
    expect(me.status).toBe(200)
  })

  test('logs out with it: the cookie is gone, and what it held counts no more', async () => {
    const { pair } = cookieOf(await logIn())
    const answer = await gateway.call('POST /v1/auth/logout', { body: {}, headers: { ...ownPage, cookie: pair } })
    expect(answer.status).toBe(200)
    expect(cookieOf(answer).text).toBe('holdfast-refresh=; Path=/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict')
    const late = await refresh(pair)
    expect(late.status).toBe(401)
    expect(cookieOf(late).text).toContain('Max-Age=0')
  })

  test('may log out without one, and may not refresh', async () => {
    expect((await gateway.call('POST /v1/auth/logout', { body: {}, headers: ownPage })).status).toBe(200)
    expect(await gateway.call('POST /v1/auth/refresh', { body: {}, headers: ownPage })).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' },
    })
  })

  test('is told when it brings another token as well, or asks for something else', async () => {
    const both = { body: { refreshToken: 'mine' }, headers: ownPage }
    expect(await gateway.call('POST /v1/auth/refresh', both)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'refreshToken', message: 'is in the cookie' }] },
    })
    const other = { body: {}, headers: { ...ownPage, 'x-holdfast-session': 'local storage' } }
    expect(await gateway.call('POST /v1/auth/refresh', other)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'X-Holdfast-Session' }] },
    })
  })

  test('over TLS gets one that never goes without, and that no other host of the site can have set', async () => {
    // As behind a proxy that ends TLS.
    const headers = { ...ownPage, origin: 'https://shop.example' }
    const answer = await logIn(headers)
    expect(cookieOf(answer).text).toMatch(
      /^__Host-holdfast-refresh=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/,
    )
    expect((await refresh(cookieOf(answer).pair, { origin: 'https://shop.example' })).status).toBe(200)
    // One that somebody set over plain HTTP is not looked at.
    const { pair } = cookieOf(await logIn())
    expect((await refresh(pair, { origin: 'https://shop.example' })).status).toBe(401)
  })
})

describe('a page of another origin', () => {
  const asked = { 'x-holdfast-session': 'cookie' }

  test.each([
    ['another site', { ...asked, 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { ...asked, 'sec-fetch-site': 'same-site' }],
    ['nobody knows where', asked],
    ['another origin, as an older browser tells it', { ...asked, origin: 'https://evil.example' }],
    ['a page without an origin', { ...asked, origin: 'null' }],
  ])('is refused: %s', async (_, headers) => {
    const { pair } = cookieOf(await logIn())
    const refused = await gateway.call('POST /v1/auth/refresh', { body: {}, headers: { ...headers, cookie: pair } })
    expect(refused).toMatchObject({ status: 403, body: { code: 'PERMISSION_DENIED' } })
    expect(refused.headers.getSetCookie()).toEqual([])
    // Nor has it used the token up.
    expect((await refresh(pair)).status).toBe(200)
  })

  test('can do nothing with the cookie alone', async () => {
    const { pair } = cookieOf(await logIn())
    const refused = await gateway.call('POST /v1/auth/refresh', { body: {}, headers: { cookie: pair } })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'refreshToken' }] } })
    expect((await gateway.call('GET /v1/auth/me', { headers: { cookie: pair } })).status).toBe(401)
  })

  test('of the same origin is known by that, where a browser says no more', async () => {
    const { pair } = cookieOf(await logIn())
    const headers = { ...asked, origin: gateway.url, cookie: pair }
    expect((await gateway.call('POST /v1/auth/refresh', { body: {}, headers })).status).toBe(200)
  })
})

describe('a cookie beside another of its name', () => {
  test.each(['before', 'behind'])('counts as none, and goes: one that a sibling host put %s it', async (place) => {
    const { pair } = cookieOf(await logIn())
    const tossed = cookieOf(await logIn()).pair
    const both = place === 'before' ? `${tossed}; ${pair}` : `${pair}; ${tossed}`
    const answer = await refresh(both)
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(cookieOf(answer).text).toContain('Max-Age=0')
    // Neither was used by it.
    expect((await refresh(pair)).status).toBe(200)
    expect((await refresh(tossed)).status).toBe(200)
  })
})

describe('a cookie that comes twice', () => {
  const ofOnePage = { 'idempotency-key': randomUUID() }

  test('from two tabs of one page at once gives both the same next one, and one event', async () => {
    const first = await logIn()
    const { pair } = cookieOf(first)
    const answers = await Promise.all([1, 2, 3, 4].map(async () => refresh(pair, ofOnePage)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(answers.map((answer) => cookieOf(answer).pair)).size).toBe(1)
    // At register, at login, and at the one refresh.
    const { rows } = await gateway.db.query('select version from users where id = $1', [userOf(first)])
    expect(rows).toEqual([{ version: '3' }])
  })

  test.each([
    ['nothing else', {}],
    ['another key', { 'idempotency-key': 'cookie' }],
  ])('from somebody who has %s is a theft at once: the family ends', async (_, theirs) => {
    const first = await logIn()
    const { pair } = cookieOf(first)
    const next = cookieOf(await refresh(pair, ofOnePage)).pair
    const before = await familiesOf(first)
    expect((await refresh(pair, theirs)).status).toBe(401)
    expect((await refresh(next, ofOnePage)).status).toBe(401)
    expect(await familiesOf(first)).toBe(before - 1)
  })

  test('once its next one was used is a theft: the family ends', async () => {
    const first = await logIn()
    const { pair } = cookieOf(first)
    const next = cookieOf(await refresh(pair, ofOnePage)).pair
    const latest = cookieOf(await refresh(next, ofOnePage)).pair
    const before = await familiesOf(first)
    expect((await refresh(pair, ofOnePage)).status).toBe(401)
    expect((await refresh(latest, ofOnePage)).status).toBe(401)
    expect(await familiesOf(first)).toBe(before - 1)
  })

  test('a good while later is a theft as well', async () => {
    const { pair } = cookieOf(await logIn())
    await refresh(pair, ofOnePage)
    await gateway.db.query(`update refresh_tokens set used_at = used_at - interval '61 s' where used_at is not null`)
    expect((await refresh(pair, ofOnePage)).status).toBe(401)
  })

  test('from whoever does without cookies is a theft at once, as ever', async () => {
    const { refreshToken } = await gateway.register()
    const body = { refreshToken }
    const once = await gateway.call('POST /v1/auth/refresh', { body })
    expect(once).toMatchObject({ status: 200, body: { refreshToken: expect.stringMatching(/^[\w-]{43}$/) } })
    expect(once.headers.getSetCookie()).toEqual([])
    expect((await gateway.call('POST /v1/auth/refresh', { body })).status).toBe(401)
    await waitFor(
      async () => {
        const next = { refreshToken: once.body?.['refreshToken'] }
        return (await gateway.call('POST /v1/auth/refresh', { body: next })).status === 401
      },
      { what: 'the family to have ended' },
    )
  })
})
