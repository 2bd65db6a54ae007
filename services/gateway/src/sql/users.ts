import type { Pool, PoolClient } from 'pg'

export interface UserRow {
  id: string
  email: string
  role: 'USER' | 'ADMIN'
  password_hash: string
  created_at: Date
  version: bigint
  /** Of access tokens: those of an older one are ended. */
  token_generation: number
}

const columns = 'id, email, role, password_hash, created_at, version, token_generation'

/** Locks nothing. @param email normalised */
export async function findUserByEmail(db: Pool | PoolClient, email: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>({
    name: 'find-user-by-email',
    text: `select ${columns} from users where email = $1`,
    values: [email],
  })
  return rows[0]
}

/** Locks nothing. */
export async function findUser(db: Pool | PoolClient, id: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>({
    name: 'find-user',
    text: `select ${columns} from users where id = $1`,
    values: [id],
  })
  return rows[0]
}

/**
 * Two who ask for one address at once meet on its unique index: the second waits for the first and gets nothing.
 * @returns undefined when the address, or the id, is taken
 */
export async function insertUser(
  client: PoolClient,
  user: Pick<UserRow, 'id' | 'email' | 'role' | 'password_hash'>,
): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'insert-user',
    text: `insert into users (id, email, role, password_hash) values ($1, $2, $3, $4) on conflict do nothing returning ${columns}`,
    values: [user.id, user.email, user.role, user.password_hash],
  })
  return rows[0]
}

/** Locks the user's row, before anything else of the user's, so that what happens to one user happens in single file. */
export async function lockUser(client: PoolClient, id: string): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'lock-user',
    text: `select ${columns} from users where id = $1 for no key update`,
    values: [id],
  })
  return rows[0]
}

/** The user with the next version, for an event. Locks the row, if it is not locked yet. */
export async function nextUserVersion(client: PoolClient, id: string): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'next-user-version',
    text: `update users set version = version + 1 where id = $1 returning ${columns}`,
    values: [id],
  })
  return rows[0]
}

/** Ends the access tokens that the user has. Under the lock of the row. @returns the user with the next version, for an event */
export async function endTokens(client: PoolClient, id: string): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'end-tokens',
    text: `
      update users set version = version + 1, token_generation = token_generation + 1, tokens_ended_at = clock_timestamp()
      where id = $1 returning ${columns}`,
    values: [id],
  })
  return rows[0]
}

/** Under the lock of {@link lockAdminsAnd}. @returns the user with the next version, for an event */
export async function setRole(client: PoolClient, id: string, role: UserRow['role']): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'set-role',
    text: `update users set role = $2, version = version + 1 where id = $1 returning ${columns}`,
    values: [id, role],
  })
  return rows[0]
}

/**
 * Locks all admins and one user, in the order of their ids, so that two admins who demote each other do it one after the
 * other: the second finds itself the last one. A row that the first has changed is read anew.
 */
export async function lockAdminsAnd(client: PoolClient, id: string): Promise<UserRow[]> {
  const { rows } = await client.query<UserRow>({
    name: 'lock-admins-and',
    text: `select ${columns} from users where role = 'ADMIN' or id = $1 order by id for no key update`,
    values: [id],
  })
  return rows
}

/** The users whose older tokens may still be about, with the generation that counts. Locks nothing. */
export async function readEndedTokens(db: Pool, withinSeconds: number): Promise<Pick<UserRow, 'id' | 'token_generation'>[]> {
  const { rows } = await db.query<Pick<UserRow, 'id' | 'token_generation'>>({
    name: 'read-ended-tokens',
    text: `select id, token_generation from users where tokens_ended_at > clock_timestamp() - make_interval(secs => $1)`,
    values: [withinSeconds],
  })
  return rows
}

export interface UserFilter {
  role: UserRow['role'] | undefined
  email: string | undefined
  /** The address after which the page begins. */
  after: string | undefined
}

/** By address. Locks nothing. */
export async function listUsers(db: Pool, { role, email, after }: UserFilter, limit: number): Promise<UserRow[]> {
  const { rows } = await db.query<UserRow>({
    name: 'list-users',
    text: `
      select ${columns} from users
      where ($1::text is null or role = $1) and ($2::text is null or email = $2) and ($3::text is null or email > $3)
      order by email limit $4`,
    values: [role ?? null, email ?? null, after ?? null, limit],
  })
  return rows
}
