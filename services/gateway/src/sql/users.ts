import type { Pool, PoolClient } from 'pg'

export interface UserRow {
  id: string
  email: string
  role: 'USER' | 'ADMIN'
  password_hash: string
  created_at: Date
  version: bigint
}

const columns = 'id, email, role, password_hash, created_at, version'

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

/** @returns the user if it was not an admin before. Locks the row; a second caller waits, and then finds it done. */
export async function makeAdmin(client: PoolClient, email: string): Promise<UserRow | undefined> {
  const { rows } = await client.query<UserRow>({
    name: 'make-admin',
    text: `update users set role = 'ADMIN', version = version + 1 where email = $1 and role <> 'ADMIN' returning ${columns}`,
    values: [email],
  })
  return rows[0]
}
