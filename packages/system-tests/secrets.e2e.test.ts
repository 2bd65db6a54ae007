/** What is secret stays out of every process's output, every error, every event and every audit record. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { allServiceNames, api, type ApiRequest, logIn, waitFor } from '@holdfast/testing'
import { Client } from 'pg'

import { checkOut, one, openShop, reserve, reserved, type Shop } from './shop'

let shop: Shop
/** By what they are; what has its value in no output. */
const secrets = new Map<string, string>()
/** Bodies of answers that say no. */
const refusals: { asked: string; body: string }[] = []

const secret = (what: string, value = `${what}-${randomUUID()}`): string => {
  secrets.set(what, value)
  return value
}

beforeAll(async () => {
  shop = await openShop({ notifications: true, env: { LOG_LEVEL: 'trace' } })
})
afterAll(async () => shop?.close())

async function ask(method: 'get' | 'post' | 'patch', path: string, body?: unknown, request: ApiRequest = {}): Promise<number> {
  const client = api(shop.system.url)
  const reply = await (method === 'get' ? client.get(path, request) : client[method](path, body, request))
  if (reply.status >= 400) refusals.push({ asked: `${method} ${path}`, body: JSON.stringify(reply.body) })
  return reply.status
}

/** A whole JWT, and its signature alone, which is enough to make it again. */
function keepToken(what: string, token: string): void {
  secret(what, token)
  secret(`signature of ${what}`, token.split('.')[2] ?? token)
}

function keepKey(what: string, pem: string): void {
  for (const [index, line] of pem
    .split('\n')
    .filter((text) => text.length > 30 && !text.includes('-----'))
    .entries())
    secret(`line ${index} of ${what}`, line)
}

test('a system goes through registrations, logins, payments, failures, wrong tokens and broken requests', async () => {
  const { system } = shop
  keepKey('the key of user tokens', system.keys.userTokenKey)
  for (const name of allServiceNames) keepKey(`the key of ${name}`, system.keys.servicePrivateKeys[name])
  secret('the secret of payment callbacks', system.keys.paymentCallbackSecret)
  secret("the admin's password", system.credentials.admin.password)
  for (const name of allServiceNames) {
    const { password } = new URL(system.databaseUrl(name))
    if (password.length > 8) secret(`the database password of ${name}`, password)
  }

  const password = secret('a password')
  const shopper = await shop.shopper()
  secret("the shopper's password", shopper.user.password)
  keepToken("the shopper's access token", shopper.user.token)
  secret("the shopper's first refresh token", shopper.user.refreshToken)
  secret("the shopper's address", shopper.user.email)
  const again = await logIn(system.url, { email: shopper.user.email, password: shopper.user.password })
  keepToken('the access token of a login', again.token)
  secret('the refresh token of a login', again.refreshToken)

  // Wrong passwords, wrong tokens, and one that comes a second time.
  expect(await ask('post', '/v1/auth/login', { email: shopper.user.email, password })).toBe(401)
  expect(await ask('post', '/v1/auth/register', { email: shopper.user.email, password })).toBe(409)
  expect(await ask('post', '/v1/auth/register', { email: 'none', password })).toBe(400)
  expect(await ask('post', '/v1/auth/refresh', { refreshToken: secret('a refresh token of nobody') })).toBe(401)
  expect(await ask('post', '/v1/auth/refresh', { refreshToken: shopper.user.refreshToken })).toBe(200)
  expect(await ask('post', '/v1/auth/refresh', { refreshToken: shopper.user.refreshToken })).toBe(401)
  const forged = `${shopper.user.token.split('.').slice(0, 2).join('.')}.${secret('a forged signature', randomUUID().replaceAll('-', ''))}`
  expect(await ask('get', '/v1/orders', undefined, { token: forged })).toBe(401)
  const basic = secret('what Basic would say', Buffer.from(`x:${password}`).toString('base64'))
  expect(await ask('get', '/v1/orders', undefined, { headers: { authorization: `Basic ${basic}` } })).toBe(401)

  // Secrets where they do not belong, and in requests that nobody can read.
  const lost = secret('a password in the wrong place')
  expect(await ask('get', `/v1/products?password=${lost}&access_token=${lost}`)).toBe(400)
  expect(await ask('post', `/v1/auth/login?password=${lost}`, { email: 'x@shop.example', password })).toBe(400)
  expect(await ask('post', '/v1/auth/login', `{"email":"x@shop.example","password":"${lost}"`)).toBe(400)
  expect(await ask('post', '/v1/auth/login', { email: 'x@shop.example', password: { value: lost } })).toBe(400)
  expect(await ask('post', '/v1/auth/login', { email: 'x@shop.example', secret: lost })).toBe(400)
  expect(await ask('post', '/v1/auth/login', `{"password":"${lost}","password":"${lost}"}`)).toBe(400)

  // Payments.
  const sku = await shop.product(100)
  secret('a payment token', 'tok_declined')
  const declined = await reserved(shopper, one(sku))
  const refused = await checkOut(shopper, declined.id, 'tok_declined')
  expect(refused.status).toBe(402)
  refusals.push({ asked: 'a declined checkout', body: JSON.stringify(refused.body) })
  expect((await checkOut(shopper, declined.id)).status).toBe(200)
  expect(
    await ask('post', '/v1/checkout', { reservationId: 5, paymentToken: 'tok_declined' }, { token: shopper.user.token }),
  ).toBe(400)

  // One that is decided by a callback, and one that claims to be such a callback.
  secret('another payment token', 'tok_callback')
  expect((await checkOut(shopper, (await reserved(shopper, one(sku))).id, 'tok_callback')).status).toBe(200)
  const signature = secret('a signature that is not good')
  const headers = {
    'webhook-id': 'msg',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': `v1,${signature}`,
  }
  expect(await ask('post', '/v1/payments/callbacks/simulated', { data: lost }, { headers })).toBe(401)

  // A webhook, whose secret is told once.
  const endpoint = await shop.admin.post<Record<string, unknown>>('/v1/webhooks/endpoints', {
    url: 'https://shop.invalid/hook',
    eventTypes: ['holdfast.reservation.created.v1'],
  })
  expect(endpoint.status).toBe(201)
  const told = /whsec_[\w+/=]+/.exec(JSON.stringify(endpoint.body))?.[0]
  secret('the secret of a webhook', told ?? 'no secret was told')
  expect(told).toBeDefined()
  await reserved(shopper, one(sku))

  // Failures with causes in the log: a service that is away, one that has died, a key that is broken.
  await system.kill('inventory')
  expect((await reserve(shopper, one(sku))).status).toBeGreaterThanOrEqual(500)
  await system.restart('inventory')
  const broken = secret('a broken key', randomUUID().replaceAll('-', '').repeat(2))
  const restarting = system.restart('order', {
    SERVICE_PRIVATE_KEY: `-----BEGIN PRIVATE KEY-----\n${broken}\n-----END PRIVATE KEY-----`,
  })
  const failure = await restarting.then(
    () => '',
    (error: Error) => error.message,
  )
  expect(failure).not.toBe('')
  refusals.push({ asked: 'a start with a broken key', body: failure })
  const wrong = secret('a wrong database password')
  const url = new URL(system.databaseUrl('order'))
  url.password = wrong
  url.pathname = '/no-such-database'
  const lateFailure = await system
    .restart('order', {
      SERVICE_PRIVATE_KEY: system.keys.servicePrivateKeys.order,
      EVENTS_DATABASE_URL: 'nonsense',
      DATABASE_URL: url.href,
    })
    .then(
      () => '',
      (error: Error) => error.message,
    )
  refusals.push({ asked: 'a start with a wrong database', body: lateFailure })
  await system.restart('order', { DATABASE_URL: system.databaseUrl('order'), EVENTS_DATABASE_URL: system.databaseUrl('events') })
  expect((await reserve(shopper, one(sku))).status).toBe(201)
})

test('nothing of it stands in any log', async () => {
  // Everything that was done is logged by now: the last of it was written after it.
  const marker = randomUUID()
  await ask('get', '/v1/products', undefined, { headers: { 'x-request-id': marker } })
  await waitFor(async () => (await readFile(shop.system.logFile('gateway'), 'utf8')).includes(marker), {
    what: 'the last request in the log',
  })
  for (const name of allServiceNames) {
    const read = async (): Promise<string> => readFile(shop.system.logFile(name), 'utf8')
    await waitFor(async () => (await read()).includes('"level"'), { what: `the log of ${name}` })
    const log = await read()
    expect({ name, found: secretsIn(log) }).toEqual({ name, found: [] })
  }
})

test('nothing of it stands in any error', () => {
  expect(refusals.length).toBeGreaterThan(15)
  for (const { asked, body } of refusals) expect({ asked, found: secretsIn(body) }).toEqual({ asked, found: [] })
})

test('nothing of it stands in any event or audit record', async () => {
  const log = new Client({ connectionString: shop.system.databaseUrl('events') })
  await log.connect()
  try {
    const { rows: tables } = await log.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
    )
    expect(tables.length).toBeGreaterThan(0)
    for (const { name } of tables) {
      const { rows } = await log.query<{ line: string }>(
        `select encode(convert_to(t::text, 'utf8'), 'escape') as line from ${name} t`,
      )
      const text = rows.map(({ line }) => line + readable(line)).join('\n')
      expect({ name, found: secretsIn(text) }).toEqual({ name, found: [] })
    }
  } finally {
    await log.end()
  }
  const { body } = await shop.admin.get<{ records: unknown[] }>('/v1/audit/records?pageSize=500')
  expect(body.records.length).toBeGreaterThan(5)
  expect(secretsIn(JSON.stringify(body))).toEqual([])
})

function secretsIn(text: string): string[] {
  return [...secrets].filter(([, value]) => text.includes(value)).map(([what]) => what)
}

/** What PostgreSQL shows of bytes as \x..., as text. */
function readable(line: string): string {
  return [...line.matchAll(/\\+x([\da-f]{16,})/g)].map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1')).join('\n')
}
