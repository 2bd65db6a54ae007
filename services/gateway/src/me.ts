import { type GetMeResponse, type User, User_Role } from '@holdfast/contracts/auth'
import { type CallContext, HoldfastError } from '@holdfast/service'

import { externalUser } from './external-user'
import type { AuthDeps } from './rpc'
import { findUser } from './sql/users'
import { toUser } from './tokens'

/** Who the caller is. */
export async function me(deps: AuthDeps, ctx: CallContext): Promise<GetMeResponse> {
  return { user: await whoCalls(deps, ctx), requestId: ctx.requestId }
}

async function whoCalls(deps: AuthDeps, ctx: CallContext): Promise<User> {
  const external = await externalUser(deps, ctx)
  if (external !== undefined) {
    const { id, email = '', role } = external
    return { id, email, role: User_Role[role], createdAt: undefined }
  }
  const user = await findUser(deps.database.pool, ctx.actor.id)
  if (user === undefined) throw new HoldfastError('UNAUTHENTICATED', 'The user of this token is not there any more')
  return toUser(user)
}
