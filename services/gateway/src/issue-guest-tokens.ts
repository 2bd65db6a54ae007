import { randomUUID } from 'node:crypto'

import type { IssueGuestTokensRequest, IssueGuestTokensResponse } from '@holdfast/contracts/auth'
import { type CallContext, invalidField, signUserToken } from '@holdfast/service'

import type { AuthDeps } from './rpc'

/** Signing is done between two requests of others, some 0.1 ms each. */
const most = 200

/**
 * Tokens of shoppers who are nobody's account: a password's hash for each of thousands would take minutes, and leave as many users.
 * Ids are new, so no token is ever one of somebody who is known.
 */
export async function issueGuestTokens(
  { keys }: AuthDeps,
  { count }: IssueGuestTokensRequest,
  { requestId }: CallContext,
): Promise<IssueGuestTokensResponse> {
  if (count < 1 || count > most) throw invalidField('count', `must be from 1 to ${most}`)
  const accessTokens = Array.from({ length: count }, () =>
    signUserToken({ id: randomUUID(), role: 'USER', choosesStrategy: true }, keys.signing),
  )
  return Promise.resolve({ accessTokens, requestId })
}
