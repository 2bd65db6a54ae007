import type { GetMeResponse } from '@holdfast/contracts/auth'
import { type CallContext, HoldfastError } from '@holdfast/service'

import type { AuthDeps } from './rpc'
import { findUser } from './sql/users'
import { toUser } from './tokens'

/** Who the caller is. */
export async function me({ database }: AuthDeps, ctx: CallContext): Promise<GetMeResponse> {
  const user = await findUser(database.pool, ctx.actor.id)
  if (user === undefined) throw new HoldfastError('UNAUTHENTICATED', 'The user of this token is not there any more')
  return { user: toUser(user), requestId: ctx.requestId }
}
