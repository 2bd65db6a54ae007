import type { User } from '@holdfast/contracts/auth'
import { checkUuid, notFound } from '@holdfast/service'

import type { AuthDeps } from './rpc'
import { findUser } from './sql/users'
import { toUser } from './tokens'

/** A user by id, for services. @throws NOT_FOUND */
export async function getUser({ database }: AuthDeps, id: string): Promise<User> {
  const user = await findUser(database.pool, checkUuid('id', id))
  if (user === undefined) throw notFound('user', id)
  return toUser(user)
}
