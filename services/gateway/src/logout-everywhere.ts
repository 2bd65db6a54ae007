import type { LogoutEverywhereResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'

import { byUser, userEvent } from './events'
import type { AuthDeps } from './rpc'
import { deleteFamilies } from './sql/refresh-tokens'
import { endTokens, lockUser } from './sql/users'

/** Ends every session of the caller, the one that asks included. */
export async function logoutEverywhere(deps: AuthDeps, ctx: CallContext): Promise<LogoutEverywhereResponse> {
  const { id } = ctx.actor
  const ended = await deps.database.transaction(async (client) => {
    if ((await lockUser(client, id)) === undefined) return false
    await deleteFamilies(client, id)
    const user = await endTokens(client, id)
    if (user === undefined) return false
    await appendEvents(client, [userEvent('logged_out', user, '', byUser(user, ctx))])
    return true
  })
  if (ended) {
    deps.wakeRelay()
    await deps.endedTokens.read()
  }
  return { requestId: ctx.requestId }
}
