import { createHmac, createPublicKey, sign } from 'node:crypto'

import { fromMessage, type Message, openEmbeddedTransport, type PublishedEvent, type Transport } from '@holdfast/events'
import { createLog, createUserTokens, openDatabase, systemContext } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { login } from '../src/login'
import { createUserKeys } from '../src/user-keys'
import { type Fixture, newPair, startFixture } from './support'

let gateway: Fixture
let transport: Transport
const published: PublishedEvent[] = []

beforeAll(async () => {
  gateway = await startFixture()
  const log = createLog('test', 'silent')
  transport = await openEmbeddedTransport({ url: gateway.env.EVENTS_DATABASE_URL, log })
  const onBatch = async ({ messages }: { messages: Message[] }) =>
    Promise.resolve(void published.push(...messages.map(fromMessage)))
  await transport.subscribe({ group: 'test', topics: ['holdfast.auth.v1'], onBatch, log })
})
afterAll(async () => {
  await transport.close()
  await gateway.close()
})

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What the relay has published of a user, oldest first. */
async function eventsOf(id: string): Promise<PublishedEvent[]> {
  await waitFor(async () => (await gateway.db.query('select from outbox')).rowCount === 0, { what: 'an empty outbox' })
  await waitFor(async () => (await transport.lag('test', ['holdfast.auth.v1'])).get('holdfast.auth.v1') === 0, {
    what: 'all events to arrive',
  })
  return published.filter(({ subject }) => subject === id)
}

async function refresh(refreshToken: string) {
  return gateway.call('POST /v1/auth/refresh', { body: { refreshToken } })
}

describe('register', () => {
  test('makes a user and logs it in', async () => {
    const { status, headers, body } = await gateway.call('POST /v1/auth/register', {
      body: { email: ' Ann@Example.com ', password: 'a long enough password' },
    })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/v1/auth/me')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      user: { id: expect.stringMatching(uuid), email: 'ann@example.com', role: 'USER', createdAt: expect.any(String) },
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      requestId: headers.get('x-request-id'),
      replayed: false,
    })
    const me = await gateway.call('GET /v1/auth/me', { token: String(body?.['accessToken']) })
    expect([me.status, me.body?.['user']]).toEqual([200, body?.['user']])
  })

  test('refuses an address that is taken, however it is written', async () => {
    const { email } = await gateway.register()
    const again = await gateway.call('POST /v1/auth/register', {
      body: { email: email.toUpperCase(), password: 'another password' },
    })
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_EXISTS', errors: [{ field: 'email', message: 'is taken' }] },
    })
  })

  test('has one winner when many ask for one address at once', async () => {
    const body = { email: 'race@example.com', password: 'a long enough password' }
    const answers = await Promise.all(Array.from({ length: 8 }, async () => gateway.call('POST /v1/auth/register', { body })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409])
  })

  test('repeated while the tokens of the user are ended gives one that is good', async () => {
    const body = { email: 'meanwhile@example.com', password: 'a long enough password' }
    const headers = { 'idempotency-key': 'meanwhile' }
    await gateway.call('POST /v1/auth/register', { body, headers })
    const client = await gateway.db.connect()
    try {
      await client.query('begin')
      await client.query(`
        update users set token_generation = 1, tokens_ended_at = clock_timestamp(), role = 'ADMIN'
        where email = 'meanwhile@example.com'`)
      const repeated = gateway.call('POST /v1/auth/register', { body, headers })
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      await waitFor(async () => (await gateway.db.query(waiting)).rowCount === 1, { what: 'the repeat to wait for the row' })
      await client.query('commit')
      const answer = await repeated
      expect(answer).toMatchObject({ status: 200, body: { replayed: true, user: { role: 'ADMIN' } } })
      const [, claims = ''] = String(answer.body?.['accessToken']).split('.')
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ role: 'ADMIN', gen: 1 })
    } finally {
      client.release()
    }
  })

  test('can be repeated with its key, but not with another password', async () => {
    const body = { email: 'repeat@example.com', password: 'a long enough password' }
    const headers = { 'idempotency-key': 'once' }
    const answers = await Promise.all([1, 2, 3].map(async () => gateway.call('POST /v1/auth/register', { body, headers })))
    const ids = answers.map(({ body: made }) => (made?.['user'] as { id: string } | undefined)?.id)
    expect(new Set(ids).size).toBe(1)
    expect(answers.map(({ status, body: made }) => `${status} ${String(made?.['replayed'])}`).sort()).toEqual([
      '200 true',
      '200 true',
      '201 false',
    ])
    expect(await eventsOf(String(ids[0]))).toHaveLength(1)
    const other = await gateway.call('POST /v1/auth/register', { body: { ...body, password: 'something else' }, headers })
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    const differing = await gateway.call('POST /v1/auth/register', { body: { ...body, clientToken: 'twice' }, headers })
    expect(differing).toMatchObject({ status: 400, body: { errors: [{ field: 'clientToken' }] } })
  })

  test.each([
    [{ email: 'no address', password: 'a long enough password' }, 'email'],
    [{ password: 'a long enough password' }, 'email'],
    [{ email: 'short@example.com', password: 'short' }, 'password'],
    [{ email: 'short@example.com', password: 'x'.repeat(257) }, 'password'],
    [{ email: 'short@example.com' }, 'password'],
    [{ email: 'easy@example.com', password: 'Password2026!' }, 'password'],
    [{ email: 'grace.hopper@example.com', password: 'admiral Hopper' }, 'password'],
    [{ email: 'short@example.com', password: 'a long enough password', role: 'ADMIN' }, 'role'],
  ])('refuses %j for its %#. field', async (body, field) => {
    const answer = await gateway.call('POST /v1/auth/register', { body })
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT', errors: [{ field }] } })
  })
})

describe('login', () => {
  test('gives tokens for the right password alone, and says the same of a wrong one as of a wrong address', async () => {
    const { email, password, id } = await gateway.register()
    const right = await gateway.call('POST /v1/auth/login', { body: { email, password } })
    expect(right).toMatchObject({ status: 200, body: { user: { id, role: 'USER' }, tokenType: 'Bearer' } })
    const wrong = await gateway.call('POST /v1/auth/login', { body: { email, password: `${password}!` } })
    const nobody = await gateway.call('POST /v1/auth/login', { body: { email: `x${email}`, password } })
    expect(wrong).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(nobody.body).toEqual({ ...wrong.body, requestId: nobody.headers.get('x-request-id') })
  })

  test('compares a password for an unknown address too', async () => {
    const log = createLog('test', 'silent')
    const database = await openDatabase({ url: gateway.env.DATABASE_URL, name: 'test', log })
    const verify = jest.fn(async () => Promise.resolve(false))
    const passwords = { hash: jest.fn(), verify }
    const keys = createUserKeys(gateway.privatePem)
    const deps = {
      database,
      passwords,
      keys,
      users: createUserTokens(keys),
      endedTokens: { ended: jest.fn() },
      wakeRelay: jest.fn(),
    }
    const ctx = systemContext('test', log)
    await expect(login(deps, { email: 'nobody@example.com', password: 'guess' }, ctx)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    await database.close()
    expect(verify).toHaveBeenCalledWith(undefined, 'guess', ctx.deadline)
  })

  test('keeps no password in the clear', async () => {
    const { id, password } = await gateway.register()
    const { rows } = await gateway.db.query<{ row: string }>('select users::text as row from users where id = $1', [id])
    expect(rows[0]?.row).toContain('$argon2id$')
    expect(rows[0]?.row).not.toContain(password)
  })
})

describe('refresh', () => {
  test('gives the next pair, and the new one works', async () => {
    const { refreshToken, id } = await gateway.register()
    const next = await refresh(refreshToken)
    expect(next).toMatchObject({ status: 200, body: { user: { id }, expiresIn: 900 } })
    expect(next.body?.['refreshToken']).not.toBe(refreshToken)
    expect((await refresh(String(next.body?.['refreshToken']))).status).toBe(200)
  })

  test('with a token that was used ends the whole family, and no other', async () => {
    const { email, password, refreshToken } = await gateway.register()
    const elsewhere = await gateway.call('POST /v1/auth/login', { body: { email, password } })
    const next = await refresh(refreshToken)
    expect(await refresh(refreshToken)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect((await refresh(String(next.body?.['refreshToken']))).status).toBe(401)
    expect((await refresh(String(elsewhere.body?.['refreshToken']))).status).toBe(200)
  })

  test('has exactly one winner when one token is used many times at once, and the family ends', async () => {
    const { id, refreshToken } = await gateway.register()
    const answers = await Promise.all(Array.from({ length: 10 }, async () => refresh(refreshToken)))
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(9)
    expect((await refresh(String(won[0]?.body?.['refreshToken']))).status).toBe(401)
    const types = (await eventsOf(id)).map(({ type }) => type)
    expect(types).toEqual(['holdfast.user.registered.v1', 'holdfast.user.token_refreshed.v1', 'holdfast.user.tokens_revoked.v1'])
  })

  test('refuses a token past its time, and one that never was', async () => {
    const { id, refreshToken } = await gateway.register()
    await gateway.db.query('update refresh_tokens set expires_at = now() where user_id = $1', [id])
    expect(await refresh(refreshToken)).toMatchObject({ status: 401 })
    expect(await refresh('a'.repeat(43))).toMatchObject({ status: 401 })
    expect(await refresh('')).toMatchObject({ status: 400, body: { errors: [{ field: 'refreshToken' }] } })
  })

  test('keeps no token in the clear, and lets it live 30 days', async () => {
    const { id, refreshToken } = await gateway.register()
    const { rows } = await gateway.db.query<{ row: string; days: number }>(
      'select refresh_tokens::text as row, extract(day from expires_at - issued_at)::float8 as days from refresh_tokens where user_id = $1',
      [id],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.days).toBe(30)
    expect(rows[0]?.row).not.toContain(refreshToken)
  })

  test('takes the role as it is now into the next access token', async () => {
    const { id, refreshToken } = await gateway.register()
    await gateway.db.query(`update users set role = 'ADMIN' where id = $1`, [id])
    expect((await refresh(refreshToken)).body).toMatchObject({ user: { role: 'ADMIN' } })
  })
})

describe('logout', () => {
  test('ends the family, and answers the same to a token that is not known', async () => {
    const { id, refreshToken } = await gateway.register()
    const next = await refresh(refreshToken)
    const body = { refreshToken: next.body?.['refreshToken'] }
    const out = await gateway.call('POST /v1/auth/logout', { body })
    expect([out.status, Object.keys(out.body ?? {})]).toEqual([200, ['requestId']])
    expect((await refresh(String(body.refreshToken))).status).toBe(401)
    const again = await gateway.call('POST /v1/auth/logout', { body })
    expect([again.status, Object.keys(again.body ?? {})]).toEqual([200, ['requestId']])
    const types = (await eventsOf(id)).map(({ type }) => type)
    expect(types.at(-1)).toBe('holdfast.user.logged_out.v1')
    expect(types.filter((type) => type === 'holdfast.user.logged_out.v1')).toHaveLength(1)
  })
})

describe('events', () => {
  test('tell each change once, in order, by the user, without secrets', async () => {
    const { id, email, password, accessToken, refreshToken } = await gateway.register()
    await gateway.call('POST /v1/auth/login', { body: { email, password } })
    await gateway.call('POST /v1/auth/login', { body: { email, password: 'a wrong password' } })
    await refresh(refreshToken)
    const events = await eventsOf(id)
    const actor = { id, role: 'USER' }
    const data = { after: { id, role: 'USER', familyId: expect.stringMatching(uuid) } }
    expect(events).toEqual([
      expect.objectContaining({ type: 'holdfast.user.registered.v1', version: 1n, audit: true, actor, data }),
      expect.objectContaining({ type: 'holdfast.user.logged_in.v1', version: 2n, audit: true, actor, data }),
      expect.objectContaining({ type: 'holdfast.user.token_refreshed.v1', version: 3n, audit: true, actor, data }),
    ])
    const text = JSON.stringify(events.map((event) => ({ ...event, version: String(event.version) })))
    for (const secret of [email, password, accessToken, refreshToken, 'argon2']) expect(text).not.toContain(secret)
  })
})

describe('an access token', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = () => Math.floor(Date.now() / 1000)

  function make(claims: Record<string, unknown>, header: Record<string, unknown> = {}, pem = gateway.privatePem): string {
    const kid = createUserKeys(gateway.privatePem).jwks().keys[0]?.['kid']
    const body = { role: 'ADMIN', sub: 'x', iss: 'holdfast', aud: 'holdfast-api', iat: now(), exp: now() + 900, ...claims }
    const text = `${encode({ alg: 'ES256', typ: 'JWT', kid, ...header })}.${encode(body)}`
    return `${text}.${sign('sha256', Buffer.from(text), { key: pem, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  const forged: [string, () => string][] = [
    ['with algorithm none', () => `${make({}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`],
    ['with algorithm none and a signature', () => make({}, { alg: 'none' })],
    [
      'with HS256 and the public key as its secret',
      () => {
        const text = make({}, { alg: 'HS256' }).split('.').slice(0, 2).join('.')
        const publicPem = createPublicKey(gateway.privatePem).export({ type: 'spki', format: 'pem' })
        return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`
      },
    ],
    [
      'with a changed payload',
      () => {
        const [header = '', , signature = ''] = make({ role: 'USER' }).split('.')
        return [
          header,
          encode({ role: 'ADMIN', sub: 'x', iss: 'holdfast', aud: 'holdfast-api', exp: now() + 900 }),
          signature,
        ].join('.')
      },
    ],
    ['with a cut signature', () => make({}).slice(0, -4)],
    ['without its signature', () => `${make({}).split('.').slice(0, 2).join('.')}.`],
    ['for another audience', () => make({ aud: 'another-api' })],
    ['from another issuer', () => make({ iss: 'another' })],
    ['that has ended', () => make({ exp: now() - 60 })],
    ['without an end', () => make({ exp: undefined })],
    ['that begins later', () => make({ nbf: now() + 600 })],
    ['with an unknown role', () => make({ role: 'ROOT' })],
    ['signed by another key', () => make({}, {}, newPair().privatePem)],
    ['with an unknown key id', () => make({}, { kid: 'unknown' })],
    ['without a key id', () => make({}, { kid: undefined })],
    ['that is no JWT', () => 'abc.def.ghi'],
  ]

  test.each(forged)('%s is refused, over HTTP and by the service itself', async (_what, forge) => {
    const token = forge()
    const answer = await gateway.call('GET /v1/auth/me', { token })
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    const ctx = { ...systemContext('test', createLog('test', 'silent')), userToken: token }
    await expect(gateway.auth.getMe({}, ctx)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('that is made like these but true is let in', async () => {
    const { id } = await gateway.register()
    expect(await gateway.call('GET /v1/auth/me', { token: make({ sub: id }) })).toMatchObject({
      status: 200,
      body: { user: { id } },
    })
  })

  test('of a user who is gone says so', async () => {
    const { id, accessToken } = await gateway.register()
    await gateway.db.query('delete from users where id = $1', [id])
    expect((await gateway.call('GET /v1/auth/me', { token: accessToken })).status).toBe(401)
  })

  test.each(['', 'Basic dXNlcjpwdw==', 'Bearer', 'Bearer a b', 'bearer ä.ö.ü'])(
    'is not read from the header %j',
    async (authorization) => {
      const latin = Buffer.from(authorization, 'latin1').toString('latin1')
      expect((await gateway.call('GET /v1/auth/me', { headers: { authorization: latin } })).status).toBe(401)
    },
  )

  test('carries id, role, issuer, audience and 15 minutes', async () => {
    const { id, accessToken } = await gateway.register()
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number
      iat: number
    }
    expect(claims).toMatchObject({ sub: id, role: 'USER', iss: 'holdfast', aud: 'holdfast-api' })
    expect(claims.exp - claims.iat).toBe(900)
    const users = createUserTokens(createUserKeys(gateway.privatePem))
    expect(await users.verify(accessToken)).toEqual({ id, role: 'USER' })
  })
})
