import { type UpdateUserRequest, type UpdateUserResponse, User_Role } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, checkUuid, HoldfastError, invalidField, notFound } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { roleChanged } from './events'
import type { AuthDeps } from './rpc'
import { endTokens, lockAdminsAnd, setRole, type UserRow } from './sql/users'
import { toUser } from './tokens'

/** Gives a user a role. @throws NOT_FOUND; ILLEGAL_TRANSITION for the last admin, without whom nobody could make another */
export async function updateUser(deps: AuthDeps, request: UpdateUserRequest, ctx: CallContext): Promise<UpdateUserResponse> {
  const id = checkUuid('id', request.id)
  const { role } = request
  if (role !== User_Role.USER && role !== User_Role.ADMIN) throw invalidField('role', 'must be USER or ADMIN')
  const { user, changed } = await deps.database.transaction(async (client) => change(client, id, role, ctx))
  if (changed) {
    deps.wakeRelay()
    deps.endedTokens.ended(user)
  }
  return { user: toUser(user), requestId: ctx.requestId }
}

async function change(
  client: PoolClient,
  id: string,
  role: UserRow['role'],
  ctx: CallContext,
): Promise<{ user: UserRow; changed: boolean }> {
  const locked = await lockAdminsAnd(client, id)
  const before = locked.find((row) => row.id === id)
  if (before === undefined) throw notFound('user', id)
  if (before.role === role) return { user: before, changed: false }
  // The token of who asks may be older than a demotion of theirs; the rows are not.
  if (!locked.some((row) => row.id === ctx.actor.id && row.role === 'ADMIN')) {
    throw new HoldfastError('PERMISSION_DENIED', 'You are no admin any more')
  }
  if (role === 'USER') {
    if (locked.filter((row) => row.role === 'ADMIN').length === 1) {
      throw new HoldfastError('ILLEGAL_TRANSITION', 'This is the last admin: make another one first')
    }
    // What the tokens of an admin say is not true any more.
    await endTokens(client, id)
  }
  const user = await setRole(client, id, role)
  if (user === undefined) throw notFound('user', id)
  await appendEvents(client, [roleChanged(before, user, ctx)])
  return { user, changed: true }
}
