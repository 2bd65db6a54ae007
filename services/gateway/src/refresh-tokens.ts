/**
 * Refresh tokens: 256 random bits, each good for one use, which gives the next (RFC 9700, 4.14.2). The tokens of one login
 * are a family. A token that comes a second time was copied by somebody, and nobody knows who of the two is the user: the
 * whole family ends. That holds for two uses in the same moment as well, but for a repeat with the same idempotency key: it
 * gets the same next token once more, for a minute and while that one is not used. So there is never more than one token to go
 * on with. Who has a copy of a token and not the key of its use is found out as soon as both have used it; who has the key as
 * well, and is always within that minute, is not: then only a logout, or the end of the family's last token, ends it.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'

import type { PoolClient } from 'pg'

import { deleteExpiredTokens, insertRefreshToken } from './sql/refresh-tokens'

/** How long one can be used. */
export const refreshTokenSeconds = 30 * 24 * 3600

/** What is stored of a token. */
export function refreshTokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** A new token of a new family. The user's row is locked. */
export async function issueRefreshToken(client: PoolClient, userId: string, familyId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await addToken(client, userId, familyId, token)
  return token
}

/** The token after another. The user's row is locked. @returns also the salt by which `successorOf` gives it again */
export async function issueSuccessor(
  client: PoolClient,
  userId: string,
  familyId: string,
  before: string,
): Promise<{ token: string; salt: Buffer }> {
  const salt = randomBytes(32)
  const token = successorOf(before, salt)
  await addToken(client, userId, familyId, token)
  return { token, salt }
}

/** Neither who knows the token before nor who reads the salt in the database can tell it alone. */
export function successorOf(before: string, salt: Buffer): string {
  return createHmac('sha256', before).update(salt).digest('base64url')
}

async function addToken(client: PoolClient, userId: string, familyId: string, token: string): Promise<void> {
  await deleteExpiredTokens(client, userId)
  await insertRefreshToken(client, { hash: refreshTokenHash(token), familyId, userId, lifeSeconds: refreshTokenSeconds })
}
