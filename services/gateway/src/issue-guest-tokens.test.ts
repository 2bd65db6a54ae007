import { generateKeyPairSync } from 'node:crypto'

import { type CallContext, createUserTokens, type VerifiedUser } from '@holdfast/service'

import { type AuthDeps, authRpc } from './rpc'
import { createUserKeys } from './user-keys'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = createUserKeys(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const users = createUserTokens(keys)
const ctx = { requestId: 'a request' } as CallContext

/** Nothing of the gateway is needed but its keys. */
const issue = async (count: number, guests = true) =>
  authRpc({ keys } as AuthDeps, { localUsers: true, guests }).issueGuestTokens({ count }, ctx)

test('each guest is a new user without an account, who may say how units are held', async () => {
  const { accessTokens, requestId } = await issue(3)
  expect(requestId).toBe('a request')
  const guests: VerifiedUser[] = await Promise.all(accessTokens.map(async (token) => users.verify(token)))
  expect(new Set(guests.map(({ id }) => id)).size).toBe(3)
  for (const guest of guests) expect(guest).toEqual({ id: expect.any(String), role: 'USER', choosesStrategy: true })
})

test('a gateway without a demo service behind it issues none', async () => {
  await expect(issue(1, false)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
})

test.each([0, -1, 201])('%s tokens are not to be had at once', async (count) => {
  await expect(issue(count)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', fields: [{ field: 'count' }] })
})
