import { type ListUsersRequest, type ListUsersResponse, User_Role } from '@holdfast/contracts/auth'
import { type CallContext, decodePageToken, encodePageToken, invalidField, pageSize } from '@holdfast/service'

import { normaliseEmail } from './email'
import type { AuthDeps } from './rpc'
import { listUsers as readUsers, type UserFilter } from './sql/users'
import { toUser } from './tokens'

const maxPageSize = 200
/** An address as it is stored. */
const tokenParts = [/^[^\0]{1,254}$/u]

/** By address; a new user shifts no page. */
export async function listUsers({ database }: AuthDeps, request: ListUsersRequest, ctx: CallContext): Promise<ListUsersResponse> {
  const size = pageSize(request.pageSize, maxPageSize)
  const [after] = decodePageToken(request.pageToken, tokenParts) ?? []
  const email = request.email === '' ? undefined : normaliseEmail(request.email)
  const rows = await readUsers(database.pool, { role: roleFilter(request.role), email, after }, size + 1)
  const page = rows.slice(0, size)
  const last = rows.length > size ? page.at(-1) : undefined
  return {
    users: page.map(toUser),
    nextPageToken: last === undefined ? '' : encodePageToken([last.email]),
    requestId: ctx.requestId,
  }
}

function roleFilter(role: User_Role): UserFilter['role'] {
  if (role === User_Role.ROLE_UNSPECIFIED) return undefined
  if (role !== User_Role.USER && role !== User_Role.ADMIN) throw invalidField('role', 'must be USER or ADMIN')
  return role
}
