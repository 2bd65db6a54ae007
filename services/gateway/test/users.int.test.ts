/** Roles that admins give, and sessions that end all at once. */
import { fromMessage, type Message, openEmbeddedTransport, type PublishedEvent, type Transport } from '@holdfast/events'
import { createLog } from '@holdfast/service'
import { waitFor } from '@holdfast/testing'

import { type Answer, type Fixture, runGateway, startFixture, type Tokens } from './support'

const admin = { email: 'admin@example.com', password: 'the very first of them all' }

let gateway: Fixture
let adminToken: string
let adminId: string
let transport: Transport
const published: PublishedEvent[] = []

beforeAll(async () => {
  gateway = await startFixture({ env: { HOLDFAST_ADMIN_EMAIL: admin.email, HOLDFAST_ADMIN_PASSWORD: admin.password } })
  const { body } = await login(admin)
  adminToken = String(body?.['accessToken'])
  adminId = String((body?.['user'] as { id?: string } | undefined)?.id)
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

async function login({ email, password }: { email: string; password: string }): Promise<Answer> {
  return gateway.call('POST /v1/auth/login', { body: { email, password } })
}

function usersOf(body: Answer['body']): { id: string; email: string; role: string }[] {
  return (body?.['users'] ?? []) as { id: string; email: string; role: string }[]
}

async function setRole(id: string, role: unknown, token = adminToken): Promise<Answer> {
  return gateway.call(`PATCH /v1/users/${id}`, { token, body: { role } })
}

const me = async (token: string): Promise<Answer> => gateway.call('GET /v1/auth/me', { token })
const list = async (query: string, token: string): Promise<Answer> => gateway.call(`GET /v1/users${query}`, { token })
const refresh = async (refreshToken: string): Promise<Answer> => gateway.call('POST /v1/auth/refresh', { body: { refreshToken } })

/** A new admin, with a token that says so. */
async function newAdmin(): Promise<Tokens> {
  const user = await gateway.register()
  expect((await setRole(user.id, 'ADMIN')).status).toBe(200)
  const { body } = await refresh(user.refreshToken)
  return { ...user, accessToken: String(body?.['accessToken']), refreshToken: String(body?.['refreshToken']) }
}

describe('a role', () => {
  test('is given by an admin, and holds from the next token on', async () => {
    const user = await gateway.register()
    expect(await setRole(user.id, 'ADMIN')).toMatchObject({ status: 200, body: { user: { id: user.id, role: 'ADMIN' } } })
    // The old token is a user's still.
    expect((await list('', user.accessToken)).status).toBe(403)
    const next = await refresh(user.refreshToken)
    expect((await list('', String(next.body?.['accessToken']))).status).toBe(200)
  })

  test('that was taken away ends the tokens that say otherwise, at once, and the session goes on as a user', async () => {
    const other = await newAdmin()
    expect((await list('', other.accessToken)).status).toBe(200)
    expect((await setRole(other.id, 'USER')).status).toBe(200)
    expect(await list('', other.accessToken)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    const next = await refresh(other.refreshToken)
    expect(next).toMatchObject({ status: 200, body: { user: { role: 'USER' } } })
    expect((await me(String(next.body?.['accessToken']))).status).toBe(200)
    expect((await list('', String(next.body?.['accessToken']))).status).toBe(403)
  })

  test('of the last admin can not be taken, also when two demote each other at once', async () => {
    const { body } = await list('?role=ADMIN', adminToken)
    const others = usersOf(body).filter(({ id }) => id !== adminId)
    for (const { id } of others) expect((await setRole(id, 'USER')).status).toBe(200)
    expect(await setRole(adminId, 'USER')).toMatchObject({ status: 409, body: { code: 'ILLEGAL_TRANSITION' } })
    const other = await newAdmin()
    const answers = await Promise.all([setRole(other.id, 'USER'), setRole(adminId, 'USER', other.accessToken)])
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    // The other was no admin any more, or its token had been ended, when it was its turn.
    for (const status of statuses.filter((status) => status !== 200)) expect([401, 403, 409]).toContain(status)
    const { rows } = await gateway.db.query<{ id: string }>(`select id from users where role = 'ADMIN'`)
    expect(rows).toHaveLength(1)
    if (rows[0]?.id !== adminId) {
      await gateway.db.query(`update users set role = 'ADMIN' where id = $1`, [adminId])
      adminToken = String((await login(admin)).body?.['accessToken'])
    }
  })

  test('is told once, with who gave it and what was before; giving it again changes nothing', async () => {
    const user = await gateway.register()
    await setRole(user.id, 'ADMIN')
    expect((await setRole(user.id, 'ADMIN')).status).toBe(200)
    await setRole(user.id, 'USER')
    const told = () => published.filter(({ subject, type }) => subject === user.id && type === 'holdfast.user.role_changed.v1')
    await waitFor(() => told().length === 2, { what: 'both changes' })
    const actor = { id: adminId, role: 'ADMIN' }
    const as = (role: string) => ({ id: user.id, role })
    expect(told()).toEqual([
      expect.objectContaining({ audit: true, actor, data: { before: as('USER'), after: as('ADMIN') } }),
      expect.objectContaining({ audit: true, actor, data: { before: as('ADMIN'), after: as('USER') } }),
    ])
  })

  test.each([[{ role: 'ROOT' }], [{ role: 'ROLE_UNSPECIFIED' }], [{}], [{ role: 'ADMIN', email: 'x@example.com' }]])(
    'is not %j',
    async (body) => {
      const user = await gateway.register()
      const answer = await gateway.call(`PATCH /v1/users/${user.id}`, { token: adminToken, body })
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } })
    },
  )

  test('is given to nobody who is not there, and by nobody who is no admin', async () => {
    expect((await setRole('00000000-0000-4000-8000-000000000000', 'ADMIN')).status).toBe(404)
    expect((await setRole('no id', 'ADMIN')).status).toBe(400)
    const user = await gateway.register()
    expect((await setRole(user.id, 'ADMIN', user.accessToken)).status).toBe(403)
    expect((await gateway.call(`PATCH /v1/users/${user.id}`, { body: { role: 'ADMIN' } })).status).toBe(401)
  })
})

describe('the list of users', () => {
  test('goes through all in pages, each once, without their secrets', async () => {
    for (let i = 0; i < 3; i++) await gateway.register()
    const { rows } = await gateway.db.query<{ email: string }>('select email from users order by email')
    const seen: string[] = []
    let token = ''
    do {
      const { status, body } = await list(`?pageSize=2&pageToken=${token}`, adminToken)
      expect(status).toBe(200)
      for (const user of usersOf(body)) {
        expect(Object.keys(user).sort()).toEqual(['createdAt', 'email', 'id', 'role'])
        seen.push(user.email)
      }
      token = (body as { nextPageToken?: string } | undefined)?.nextPageToken ?? ''
    } while (token !== '')
    expect([...seen].sort()).toEqual(rows.map(({ email }) => email).sort())
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('finds one by the address, and those of a role', async () => {
    const { email, id } = await gateway.register()
    expect(await list(`?email=${email.toUpperCase()}`, adminToken)).toMatchObject({ body: { users: [{ id, email }] } })
    const { body } = await list('?role=ADMIN', adminToken)
    for (const { role } of usersOf(body)) expect(role).toBe('ADMIN')
    expect((await list('?pageSize=201', adminToken)).status).toBe(400)
    expect((await list('?pageToken=nonsense', adminToken)).status).toBe(400)
  })
})

describe('logging out everywhere', () => {
  test('ends every session and every token given before, here and at other gateways, and nobody else', async () => {
    const user = await gateway.register()
    const elsewhere = await login(user)
    const another = await gateway.register()
    const second = await runGateway(gateway.env)
    const atSecond = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`http://127.0.0.1:${second.httpPort}/v1/auth/me`, { headers })).status
    }
    try {
      expect(await atSecond(user.accessToken)).toBe(200)
      const out = await gateway.call('POST /v1/auth/logout:everywhere', { token: user.accessToken })
      expect([out.status, Object.keys(out.body ?? {})]).toEqual([200, ['requestId']])
      for (const token of [user.accessToken, String(elsewhere.body?.['accessToken'])]) {
        expect(await me(token)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
        await waitFor(async () => (await atSecond(token)) === 401, { what: 'the other gateway to hear of it' })
      }
      for (const token of [user.refreshToken, String(elsewhere.body?.['refreshToken'])]) {
        expect((await refresh(token)).status).toBe(401)
      }
      expect((await me(another.accessToken)).status).toBe(200)
      // At once: what is given afterwards is good, also in the same second.
      const again = String((await login(user)).body?.['accessToken'])
      expect((await me(again)).status).toBe(200)
      expect(await atSecond(again)).toBe(200)
    } finally {
      await second.stop()
    }
  })

  test('holds after a restart of the gateway', async () => {
    const user = await gateway.register()
    await gateway.call('POST /v1/auth/logout:everywhere', { token: user.accessToken })
    const second = await runGateway(gateway.env)
    try {
      const headers = { authorization: `Bearer ${user.accessToken}` }
      expect((await fetch(`http://127.0.0.1:${second.httpPort}/v1/auth/me`, { headers })).status).toBe(401)
    } finally {
      await second.stop()
    }
  })

  test('needs a token', async () => {
    expect((await gateway.call('POST /v1/auth/logout:everywhere')).status).toBe(401)
  })
})
