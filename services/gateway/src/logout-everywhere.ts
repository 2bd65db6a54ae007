import type { LogoutEverywhereResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, HoldfastError } from '@holdfast/service'

import { byUser, userEvent } from './events'
import { externalUser } from './external-user'
import type { AuthDeps } from './rpc'
import { deleteFamilies } from './sql/refresh-tokens'
import { endTokens, lockUser } from './sql/users'

/**
 * Ends every session of the caller, the one that asks included.
 * @throws PERMISSION_DENIED for a user of another issuer, whose sessions are there and not here
 */
export async function logoutEverywhere(deps: AuthDeps, ctx: CallContext): Promise<LogoutEverywhereResponse> {
  const external = await externalUser(deps, ctx)
  if (external !== undefined) {
    throw new HoldfastError('PERMISSION_DENIED', `This user logs in at ${external.issuer}, and logs out there`)
  }
  const { id } = ctx.actor
  const ended = await deps.database.transaction(async (client) => {
    if ((await lockUser(client, id)) === undefined) return undefined
    await deleteFamilies(client, id)
    const user = await endTokens(client, id)
    if (user === undefined) return undefined
    await appendEvents(client, [userEvent('logged_out', user, '', byUser(user, ctx))])
    return user
  })
  if (ended !== undefined) {
    deps.wakeRelay()
    deps.endedTokens.ended(ended)
  }
  return { requestId: ctx.requestId }
}
