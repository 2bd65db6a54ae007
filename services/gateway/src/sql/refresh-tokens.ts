import type { PoolClient } from 'pg'

export interface RefreshTokenRow {
  family_id: string
  user_id: string
  expired: boolean
  used: boolean
  /** So short a time ago that a repeat of the same use may come. */
  used_lately: boolean
  /** The idempotency key of its use. */
  used_key: string | null
  /** By which its successor can be made again; null: not used yet, or by a release that kept none. */
  successor_salt: Buffer | null
}

/** How long after a use one with the same key counts as its repeat. */
const repeatSeconds = 60

/**
 * Locks nothing. What it says of `used` is only sure under the lock of the user's row: read it once for the user, lock,
 * and read it again.
 */
export async function findRefreshToken(client: PoolClient, hash: Buffer): Promise<RefreshTokenRow | undefined> {
  const { rows } = await client.query<RefreshTokenRow>({
    name: 'find-refresh-token',
    text: `
      select
        family_id, user_id, expires_at <= clock_timestamp() as expired, used_at is not null as used,
        coalesce(used_at > clock_timestamp() - make_interval(secs => $2), false) as used_lately, used_key, successor_salt
      from refresh_tokens where token_hash = $1`,
    values: [hash, repeatSeconds],
  })
  return rows[0]
}

/** Under the lock of the user's row. @param lifeSeconds how long it can be used */
export async function insertRefreshToken(
  client: PoolClient,
  token: { hash: Buffer; familyId: string; userId: string; lifeSeconds: number },
): Promise<void> {
  await client.query({
    name: 'insert-refresh-token',
    text: `
      insert into refresh_tokens (token_hash, family_id, user_id, expires_at)
      values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))`,
    values: [token.hash, token.familyId, token.userId, token.lifeSeconds],
  })
}

/** Under the lock of the user's row. */
export async function useRefreshToken(
  client: PoolClient,
  hash: Buffer,
  use: { salt: Buffer; key: string | undefined },
): Promise<void> {
  await client.query({
    name: 'use-refresh-token',
    text: `
      update refresh_tokens set used_at = clock_timestamp(), successor_salt = $2, used_key = $3
      where token_hash = $1`,
    values: [hash, use.salt, use.key ?? null],
  })
}

/** Ends a family: none of its tokens is known any more. Under the lock of the user's row. */
export async function deleteFamily(client: PoolClient, familyId: string): Promise<void> {
  await client.query({ name: 'delete-family', text: 'delete from refresh_tokens where family_id = $1', values: [familyId] })
}

/** Under the lock of the user's row. A token past its time is refused whether it is known or not. */
export async function deleteExpiredTokens(client: PoolClient, userId: string): Promise<void> {
  await client.query({
    name: 'delete-expired-tokens',
    text: 'delete from refresh_tokens where user_id = $1 and expires_at <= clock_timestamp()',
    values: [userId],
  })
}

/** Ends all families of a user. Under the lock of the user's row. */
export async function deleteFamilies(client: PoolClient, userId: string): Promise<void> {
  await client.query({ name: 'delete-families', text: 'delete from refresh_tokens where user_id = $1', values: [userId] })
}
