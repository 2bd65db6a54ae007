import type { AuthServiceService } from '@holdfast/contracts/auth'
import type { Database, Handlers } from '@holdfast/service'

import { getUser } from './get-user'
import { login } from './login'
import { logout } from './logout'
import { me } from './me'
import type { Passwords } from './passwords'
import { refresh } from './refresh'
import { register } from './register'
import type { UserKeys } from './user-keys'

/** What the use cases work with. */
export interface AuthDeps {
  database: Database
  passwords: Passwords
  keys: UserKeys
  /** Called after a commit that wrote events. */
  wakeRelay: () => void
}

/** AuthService, each RPC with its use case. */
export function authRpc(deps: AuthDeps): Handlers<typeof AuthServiceService> {
  return {
    register: async (request, ctx) => register(deps, request, ctx),
    login: async (request, ctx) => login(deps, request, ctx),
    refresh: async (request, ctx) => refresh(deps, request, ctx),
    logout: async (request, ctx) => logout(deps, request, ctx),
    getMe: async (_request, ctx) => me(deps, ctx),
    getUser: async ({ id }, ctx) => ({ user: await getUser(deps, id), requestId: ctx.requestId }),
  }
}
