import { randomUUID } from 'node:crypto'

import type { LoginRequest, LoginResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, invalidField } from '@holdfast/service'

import { normaliseEmail } from './email'
import { byUser, userEvent } from './events'
import { issueRefreshToken } from './refresh-tokens'
import type { AuthDeps } from './rpc'
import { findUserByEmail, nextUserVersion } from './sql/users'
import { tokenAnswer, wrongCredentials } from './tokens'

/** A new family of tokens. @throws UNAUTHENTICATED, the same and as slowly whether the address or the password is wrong */
export async function login(deps: AuthDeps, request: LoginRequest, ctx: CallContext): Promise<LoginResponse> {
  const email = normaliseEmail(request.email)
  if (request.password === '') throw invalidField('password', 'is needed')
  const known = await findUserByEmail(deps.database.pool, email)
  const right = await deps.passwords.verify(known?.password_hash, request.password, ctx.deadline)
  if (known === undefined || !right) throw wrongCredentials()
  const { user, token } = await deps.database.transaction(async (client) => {
    const user = await nextUserVersion(client, known.id)
    if (user === undefined) throw wrongCredentials()
    const familyId = randomUUID()
    const token = await issueRefreshToken(client, user.id, familyId)
    await appendEvents(client, [userEvent('logged_in', user, familyId, byUser(user, ctx))])
    return { user, token }
  })
  deps.wakeRelay()
  return tokenAnswer(user, token, deps.keys, ctx.requestId)
}
