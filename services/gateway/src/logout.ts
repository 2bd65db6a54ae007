import type { LogoutRequest, LogoutResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { byUser, userEvent } from './events'
import { refreshTokenHash } from './refresh-tokens'
import type { AuthDeps } from './rpc'
import { deleteFamily, findRefreshToken } from './sql/refresh-tokens'
import { lockUser, nextUserVersion } from './sql/users'

/** Ends a family of refresh tokens. A token that is not known gets the same answer: it is logged out already. */
export async function logout(deps: AuthDeps, request: LogoutRequest, ctx: CallContext): Promise<LogoutResponse> {
  if (request.refreshToken === '') throw invalidField('refreshToken', 'is needed')
  const hash = refreshTokenHash(request.refreshToken)
  const ended = await deps.database.transaction(async (client) => endFamily(client, hash, ctx))
  if (ended) deps.wakeRelay()
  return { requestId: ctx.requestId }
}

async function endFamily(client: PoolClient, hash: Buffer, ctx: CallContext): Promise<boolean> {
  const found = await findRefreshToken(client, hash)
  if (found === undefined || (await lockUser(client, found.user_id)) === undefined) return false
  // Another logout of the family may have gone first.
  if ((await findRefreshToken(client, hash)) === undefined) return false
  await deleteFamily(client, found.family_id)
  const user = await nextUserVersion(client, found.user_id)
  if (user === undefined) return false
  await appendEvents(client, [userEvent('logged_out', user, found.family_id, byUser(user, ctx))])
  return true
}
