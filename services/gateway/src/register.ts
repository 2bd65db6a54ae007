import { randomUUID } from 'node:crypto'

import type { RegisterRequest, RegisterResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, HoldfastError, idempotencyKey, operationId } from '@holdfast/service'

import { normaliseEmail } from './email'
import { byUser, userEvent } from './events'
import { checkPassword } from './passwords'
import { issueRefreshToken } from './refresh-tokens'
import type { AuthDeps } from './rpc'
import { findUserByEmail, insertUser, lockUser, type UserRow } from './sql/users'
import { tokenAnswer } from './tokens'

/** Makes a user and logs it in. @throws ALREADY_EXISTS for an address that is taken */
export async function register(deps: AuthDeps, request: RegisterRequest, ctx: CallContext): Promise<RegisterResponse> {
  const email = normaliseEmail(request.email)
  await checkPassword(request.password, email)
  const key = idempotencyKey(ctx, request.clientToken)
  // Whoever registers has no name yet that would keep their keys apart from others': the address is part of the key.
  const id = key === undefined ? randomUUID() : operationId(email, 'register', key)
  const known = await findUserByEmail(deps.database.pool, email)
  if (known !== undefined) return repeat(deps, known, id, request.password, ctx)

  const password_hash = await deps.passwords.hash(request.password, ctx.deadline)
  const made = await deps.database.transaction(async (client) => {
    const user = await insertUser(client, { id, email, role: 'USER', password_hash })
    if (user === undefined) return undefined
    const familyId = randomUUID()
    const token = await issueRefreshToken(client, user.id, familyId)
    await appendEvents(client, [userEvent('registered', user, familyId, byUser(user, ctx))])
    return { user, token }
  })
  if (made !== undefined) {
    deps.wakeRelay()
    return { ...tokenAnswer(made.user, made.token, deps.keys, ctx.requestId), replayed: false }
  }
  const winner = await findUserByEmail(deps.database.pool, email)
  if (winner === undefined) throw taken()
  return repeat(deps, winner, id, request.password, ctx)
}

/** The same key and the same content again (truth 4): the user that was made, with new tokens, and no second event. */
async function repeat(deps: AuthDeps, user: UserRow, id: string, password: string, ctx: CallContext): Promise<RegisterResponse> {
  if (user.id !== id) throw taken()
  if (!(await deps.passwords.verify(user.password_hash, password, ctx.deadline))) {
    throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This key was used to register with another password')
  }
  // Role and generation may have changed while the password was looked at: what counts is the row under its lock.
  const { locked, token } = await deps.database.transaction(async (client) => {
    const locked = await lockUser(client, user.id)
    if (locked === undefined) throw taken()
    return { locked, token: await issueRefreshToken(client, user.id, randomUUID()) }
  })
  return { ...tokenAnswer(locked, token, deps.keys, ctx.requestId), replayed: true }
}

function taken(): HoldfastError {
  const fields = [{ field: 'email', message: 'is taken' }]
  return new HoldfastError('ALREADY_EXISTS', 'There is a user with this e-mail address', { fields })
}
