import type { RefreshRequest, RefreshResponse } from '@holdfast/contracts/auth'
import { appendEvents } from '@holdfast/events'
import { type CallContext, counter, invalidField } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { byUser, userEvent } from './events'
import { issueSuccessor, refreshTokenHash, successorOf } from './refresh-tokens'
import type { AuthDeps } from './rpc'
import { deleteFamily, findRefreshToken, type RefreshTokenRow, useRefreshToken } from './sql/refresh-tokens'
import { lockUser, nextUserVersion, type UserRow } from './sql/users'
import { tokenAnswer, wrongRefreshToken } from './tokens'

type Outcome = { kind: 'refreshed' | 'repeated'; user: UserRow; token: string } | { kind: 'revoked' } | { kind: 'unknown' }

const refreshes = counter(
  'auth_refreshes_total',
  'Uses of refresh tokens; `repeated`: once more with its key, `revoked`: a theft',
  ['outcome'],
)
for (const outcome of ['refreshed', 'repeated', 'revoked', 'unknown'] satisfies Outcome['kind'][]) refreshes.inc({ outcome }, 0)

/** The next tokens of a family. @throws UNAUTHENTICATED; for a token that was used before, the family has ended with it */
export async function refresh(deps: AuthDeps, request: RefreshRequest, ctx: CallContext): Promise<RefreshResponse> {
  if (request.refreshToken === '') throw invalidField('refreshToken', 'is needed')
  const outcome = await deps.database.transaction(async (client) => rotate(client, request.refreshToken, ctx))
  refreshes.inc({ outcome: outcome.kind })
  if (outcome.kind === 'unknown') throw wrongRefreshToken()
  if (outcome.kind !== 'repeated') deps.wakeRelay()
  // Only now: the end of the family had to be committed.
  if (outcome.kind === 'revoked') throw wrongRefreshToken()
  return tokenAnswer(outcome.user, outcome.token, deps.keys, ctx.requestId)
}

async function rotate(client: PoolClient, text: string, ctx: CallContext): Promise<Outcome> {
  const hash = refreshTokenHash(text)
  const found = await findRefreshToken(client, hash)
  const locked = found && (await lockUser(client, found.user_id))
  if (locked === undefined) return { kind: 'unknown' }
  // Under the lock: of many uses at once exactly one finds the token unused.
  const token = await findRefreshToken(client, hash)
  if (token === undefined || token.expired) return { kind: 'unknown' }
  const again = await repeated(client, text, token, ctx.idempotencyKey)
  if (again !== undefined) return { kind: 'repeated', user: locked, token: again }
  const user = await nextUserVersion(client, token.user_id)
  if (user === undefined) return { kind: 'unknown' }
  const { family_id: familyId } = token
  if (token.used) {
    await deleteFamily(client, familyId)
    await appendEvents(client, [userEvent('tokens_revoked', user, familyId, byUser(user, ctx))])
    return { kind: 'revoked' }
  }
  const next = await issueSuccessor(client, user.id, familyId, text)
  await useRefreshToken(client, hash, { salt: next.salt, key: ctx.idempotencyKey })
  await appendEvents(client, [userEvent('token_refreshed', user, familyId, byUser(user, ctx))])
  return { kind: 'refreshed', user, token: next.token }
}

/** The next token once more, where this is the same refresh again and that token is still new; nothing changes by it. */
async function repeated(
  client: PoolClient,
  text: string,
  { used_lately, used_key, successor_salt }: RefreshTokenRow,
  key: string | undefined,
): Promise<string | undefined> {
  if (!used_lately || key === undefined || used_key !== key || successor_salt === null) return undefined
  const next = successorOf(text, successor_salt)
  const row = await findRefreshToken(client, refreshTokenHash(next))
  return row === undefined || row.used ? undefined : next
}
