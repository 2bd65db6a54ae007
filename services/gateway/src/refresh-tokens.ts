/**
 * Refresh tokens: 256 random bits, each good for one use, which gives the next (RFC 9700, 4.14.2). The tokens of one login
 * are a family. A token that comes a second time was copied by somebody, and nobody knows who of the two is the user: the
 * whole family ends. That holds for two uses in the same moment as well; a client sends its refresh once.
 */
import { createHash, randomBytes } from 'node:crypto'

import type { PoolClient } from 'pg'

import { deleteExpiredTokens, insertRefreshToken } from './sql/refresh-tokens'

const lifeSeconds = 30 * 24 * 3600

/** What is stored of a token. */
export function refreshTokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** A new token of a family. The user's row is locked. */
export async function issueRefreshToken(client: PoolClient, userId: string, familyId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await deleteExpiredTokens(client, userId)
  await insertRefreshToken(client, { hash: refreshTokenHash(token), familyId, userId, lifeSeconds })
  return token
}
