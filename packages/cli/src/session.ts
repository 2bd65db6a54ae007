import { join } from 'node:path'

import { type ClientOptions, createClient, HoldfastApiError, type LoginResponse } from '@holdfast/client'
import { type Credential, fromEnvironment, readCredentials } from '@holdfast/launcher'

import { CliProblem } from './problem'
import { dataFolder, isThisMachine } from './settings'
import { configFolder, type Login, TokenStore } from './token-store'

/** Of the two users of an embedded start. */
export type LocalUser = 'admin' | 'user'

/** Who calls. */
export interface Session {
  tokens: Tokens
  /** The one that is there, if it can be used as it is: nobody is asked for another. */
  freshToken: () => string | undefined | Promise<string | undefined>
  /** Told where it is not plain: "as admin@holdfast.example, ..." */
  who: string
}

export type Tokens = Required<Pick<ClientOptions, 'token' | 'refreshToken'>>

/** An access token that ends sooner is renewed before it is used, in ms. */
const marginMs = 30_000

/**
 * Who the commands are for a system, by the first of these that is there: a token of the environment, the login that is kept
 * for its address, the admin of the environment, one of the two users of an embedded start on this machine. Nobody
 * else: what needs no token goes without.
 * @param as one of the embedded start, whoever else there is
 */
export async function openSession(url: string, as: LocalUser | undefined, env: NodeJS.ProcessEnv): Promise<Session> {
  if (as === undefined) {
    const token = fromEnvironment('HOLDFAST_TOKEN', env) || fromEnvironment('HOLDFAST_ADMIN_TOKEN', env)
    if (token) {
      const tokens = { token: () => token, refreshToken: () => undefined }
      return { tokens, freshToken: tokens.token, who: 'with the token of the environment' }
    }
    const login = await savedLogins(env).get(url)
    if (login !== undefined) {
      const store = savedLogins(env)
      return { tokens: keptTokens(url, store, url), freshToken: async () => keptToken(store, url), who: `as ${login.email}` }
    }
  }
  return (await localSession(url, as, env)) ?? nobody
}

const nobody: Session = {
  tokens: { token: () => undefined, refreshToken: () => undefined },
  freshToken: () => undefined,
  who: 'not signed in',
}

/** Where `holdfast login` keeps what it gets, by URL. */
export function savedLogins(env: NodeJS.ProcessEnv): TokenStore {
  return new TokenStore(join(configFolder(env), 'credentials.json'))
}

export function toLogin({ user, accessToken, refreshToken, expiresIn }: LoginResponse): Login {
  const { email = '', role = '' } = user ?? {}
  return { email, role, accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 }
}

async function localSession(url: string, as: LocalUser = 'admin', env: NodeJS.ProcessEnv): Promise<Session | undefined> {
  const email = fromEnvironment('HOLDFAST_ADMIN_EMAIL', env)
  const password = fromEnvironment('HOLDFAST_ADMIN_PASSWORD', env)
  if (as === 'admin' && email && password) {
    const tokens = passwordTokens(url, { email, password })
    return { tokens, freshToken: () => undefined, who: `as ${email}, of HOLDFAST_ADMIN_EMAIL` }
  }
  // The password of an embedded start is for what runs on this machine.
  if (!isThisMachine(url)) return undefined
  const folder = dataFolder(env)
  const kept = await readCredentials(folder).catch((error: unknown) => {
    throw new CliProblem(`the passwords of the embedded start could not be read: ${String(error)}`, 'signIn', { cause: error })
  })
  if (kept === undefined) return undefined
  const credential = as === 'user' ? kept.user : { email: email || kept.admin.email, password: password || kept.admin.password }
  const store = new TokenStore(join(folder, 'tokens.json'))
  const again = async (): Promise<Login> => logIn(url, credential)
  return {
    tokens: keptTokens(url, store, credential.email, again),
    freshToken: async () => keptToken(store, credential.email),
    who: `as ${credential.email}, of ${join(folder, 'credentials.json')}`,
  }
}

/** Logs in when a token is first needed, and again when it is too old. */
function passwordTokens(url: string, credential: Credential): Tokens {
  let login: Promise<Login> | undefined
  const refreshToken = async (): Promise<string> => (await (login = logIn(url, credential))).accessToken
  return { token: async () => (await login)?.accessToken ?? refreshToken(), refreshToken }
}

/**
 * The tokens of a store, renewed under its lock: a refresh token may be used once, and who waits for the lock finds what the one before has got.
 * @param logInAgain where the session has ended; else that is told
 */
function keptTokens(url: string, store: TokenStore, name: string, logInAgain?: () => Promise<Login>): Tokens {
  let used: string | undefined
  const renew = async (): Promise<string> => {
    const login = await store.update(name, async (now) => {
      if (now !== undefined && now.accessToken !== used && isFresh(now)) return now
      return (now && (await refreshed(url, now))) ?? logInAgain?.()
    })
    if (login === undefined) throw new CliProblem(`the session at ${url} has ended: "holdfast login"`, 'signIn')
    return (used = login.accessToken)
  }
  return {
    token: async () => {
      const now = await store.get(name)
      return now !== undefined && isFresh(now) ? (used = now.accessToken) : renew()
    },
    refreshToken: renew,
  }
}

async function keptToken(store: TokenStore, name: string): Promise<string | undefined> {
  const now = await store.get(name)
  return now !== undefined && isFresh(now) ? now.accessToken : undefined
}

const isFresh = ({ expiresAt }: Login): boolean => expiresAt - marginMs > Date.now()

/** @returns undefined when the session has ended */
async function refreshed(url: string, { refreshToken }: Login): Promise<Login | undefined> {
  try {
    return toLogin(await createClient({ url }).refresh({ refreshToken }))
  } catch (error) {
    if (error instanceof HoldfastApiError && error.status === 401) return undefined
    throw error
  }
}

/** @throws HoldfastApiError when that is refused */
export async function logIn(url: string, credential: Credential): Promise<Login> {
  return toLogin(await createClient({ url }).login(credential))
}
