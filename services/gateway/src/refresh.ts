import type { RefreshRequest, RefreshResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { byUser, userEvent } from './events'
import { issueRefreshToken, refreshTokenHash } from './refresh-tokens'
import type { AuthDeps } from './rpc'
import { deleteFamily, findRefreshToken, useRefreshToken } from './sql/refresh-tokens'
import { lockUser, nextUserVersion, type UserRow } from './sql/users'
import { tokenAnswer, wrongRefreshToken } from './tokens'

type Outcome = { kind: 'refreshed'; user: UserRow; token: string } | { kind: 'revoked' } | { kind: 'unknown' }

/** The next tokens of a family. @throws UNAUTHENTICATED; for a token that was used before, the family has ended with it */
export async function refresh(deps: AuthDeps, request: RefreshRequest, ctx: CallContext): Promise<RefreshResponse> {
  if (request.refreshToken === '') throw invalidField('refreshToken', 'is needed')
  const hash = refreshTokenHash(request.refreshToken)
  const outcome = await deps.database.transaction(async (client) => rotate(client, hash, ctx))
  if (outcome.kind === 'unknown') throw wrongRefreshToken()
  deps.wakeRelay()
  // Only now: the end of the family had to be committed.
  if (outcome.kind === 'revoked') throw wrongRefreshToken()
  return tokenAnswer(outcome.user, outcome.token, deps.keys, ctx.requestId)
}

async function rotate(client: PoolClient, hash: Buffer, ctx: CallContext): Promise<Outcome> {
  const found = await findRefreshToken(client, hash)
  if (found === undefined || (await lockUser(client, found.user_id)) === undefined) return { kind: 'unknown' }
  // Under the lock: of many uses at once exactly one finds the token unused.
  const token = await findRefreshToken(client, hash)
  if (token === undefined || token.expired) return { kind: 'unknown' }
  const user = await nextUserVersion(client, token.user_id)
  if (user === undefined) return { kind: 'unknown' }
  const { family_id: familyId } = token
  if (token.used) {
    await deleteFamily(client, familyId)
    await appendEvents(client, [userEvent('tokens_revoked', user, familyId, byUser(user, ctx))])
    return { kind: 'revoked' }
  }
  await useRefreshToken(client, hash)
  const next = await issueRefreshToken(client, user.id, familyId)
  await appendEvents(client, [userEvent('token_refreshed', user, familyId, byUser(user, ctx))])
  return { kind: 'refreshed', user, token: next }
}
