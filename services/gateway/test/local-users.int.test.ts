/** A gateway where nobody registers or logs in: users come with tokens of another issuer. */
import { createLog, externalUserId, systemContext } from '@holdfast/service'
import { startTestIssuer, type TestIssuer } from '@holdfast/testing'

import { readGatewayConfig } from '../src/config'
import { type Fixture, startFixture } from './support'

let issuer: TestIssuer
let gateway: Fixture
beforeAll(async () => {
  issuer = await startTestIssuer()
  const admin = { HOLDFAST_ADMIN_EMAIL: 'admin@example.com', HOLDFAST_ADMIN_PASSWORD: 'nobody needs this one' }
  gateway = await startFixture({ env: { ...issuer.env, ...admin, LOCAL_USERS: 'off' } })
})
afterAll(async () => {
  await gateway.close()
  await issuer.close()
})

const someone = { email: 'somebody@example.com', password: 'a password of some length' }
const paths = ['/v1/auth/register', '/v1/auth/login', '/v1/auth/refresh']

test('the routes of registering and logging in are not there, nor in the documents', async () => {
  for (const path of paths) {
    expect([path, (await gateway.call(`POST ${path}`, { body: someone })).status]).toEqual([path, 404])
  }
  const document = (await gateway.call('GET /openapi.json')).body?.['paths'] as Record<string, unknown>
  expect(Object.keys(document)).toEqual(expect.arrayContaining(['/v1/auth/me']))
  expect(Object.keys(document).filter((path) => paths.includes(path))).toEqual([])
})

test('over gRPC they are not there either', async () => {
  const ctx = systemContext('test', createLog('test', 'silent'))
  const calls = [
    gateway.auth.register({ ...someone, clientToken: '' }, ctx),
    gateway.auth.login(someone, ctx),
    gateway.auth.refresh({ refreshToken: 'one' }, ctx),
  ]
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
})

test('no admin is made at the start, who could not log in', async () => {
  expect((await gateway.db.query('select from users')).rowCount).toBe(0)
})

test('users of the other issuer come in, and its admins are admins', async () => {
  const me = await gateway.call('GET /v1/auth/me', { token: issuer.token('ann') })
  expect(me).toMatchObject({ status: 200, body: { user: { id: externalUserId(issuer.issuer, 'ann'), role: 'USER' } } })
  expect((await gateway.call('GET /v1/users', { token: issuer.token('ann') })).status).toBe(403)
  const token = issuer.token('root', { groups: 'shop-admins' })
  expect(await gateway.call('GET /v1/users', { token })).toMatchObject({ status: 200, body: {} })
})

test('without another issuer the start is refused, for nobody could come in', () => {
  const { OIDC_ISSUER: _issuer, ...without } = gateway.env as Record<string, string>
  expect(() => readGatewayConfig(without)).toThrow('LOCAL_USERS: off needs an OIDC_ISSUER')
  expect(() => readGatewayConfig({ ...gateway.env, LOCAL_USERS: 'no' })).toThrow('LOCAL_USERS: must be on or off')
})
