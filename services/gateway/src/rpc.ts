import type { AuthServiceService } from '@holdfast/contracts/auth'
import { type Database, type Handlers, HoldfastError, type UserTokens } from '@holdfast/service'

import type { EndedTokens } from './ended-tokens'
import { getUser } from './get-user'
import { issueGuestTokens } from './issue-guest-tokens'
import { listUsers } from './list-users'
import { login } from './login'
import { logout } from './logout'
import { logoutEverywhere } from './logout-everywhere'
import { me } from './me'
import type { Passwords } from './passwords'
import { refresh } from './refresh'
import { register } from './register'
import { updateUser } from './update-user'
import type { UserKeys } from './user-keys'

/** What the use cases work with. */
export interface AuthDeps {
  database: Database
  passwords: Passwords
  keys: UserKeys
  /** Those that are good here. */
  users: UserTokens
  endedTokens: Pick<EndedTokens, 'ended'>
  /** Called after a commit that wrote events. */
  wakeRelay: () => void
}

/** Where nobody logs in here these are not there, over JSON neither. */
export const localUserMethods: readonly string[] = ['Register', 'Login', 'Refresh']

/** AuthService, each RPC with its use case. */
export function authRpc(deps: AuthDeps, options: { localUsers: boolean; guests?: boolean }): Handlers<typeof AuthServiceService> {
  return {
    ...handlers(deps),
    ...(options.localUsers ? {} : { register: absent, login: absent, refresh: absent }),
    ...(options.guests === true ? {} : { issueGuestTokens: noGuests }),
  }
}

async function noGuests(): Promise<never> {
  return Promise.reject(new HoldfastError('UNIMPLEMENTED', 'There is no demo service here, and nobody is its guest'))
}

async function absent(): Promise<never> {
  return Promise.reject(new HoldfastError('UNIMPLEMENTED', 'Nobody logs in here: users come with tokens of another issuer'))
}

function handlers(deps: AuthDeps): Handlers<typeof AuthServiceService> {
  return {
    register: async (request, ctx) => register(deps, request, ctx),
    login: async (request, ctx) => login(deps, request, ctx),
    refresh: async (request, ctx) => refresh(deps, request, ctx),
    logout: async (request, ctx) => logout(deps, request, ctx),
    logoutEverywhere: async (_request, ctx) => logoutEverywhere(deps, ctx),
    getMe: async (_request, ctx) => me(deps, ctx),
    listUsers: async (request, ctx) => listUsers(deps, request, ctx),
    updateUser: async (request, ctx) => updateUser(deps, request, ctx),
    getUser: async ({ id }, ctx) => ({ user: await getUser(deps, id), requestId: ctx.requestId }),
    issueGuestTokens: async (request, ctx) => issueGuestTokens(deps, request, ctx),
  }
}
