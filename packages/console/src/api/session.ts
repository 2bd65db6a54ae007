/**
 * Who is signed in. The access token lives in this module and nowhere else; the refresh token in a cookie that no script can
 * read and that only /v1/auth gets (docs/decisions/038-console.md). After a reload a refresh brings a new access token.
 */
import { createClient, HoldfastApiError, type LoginResponse, type User } from '@holdfast/client'

import { watchedFetch } from './connection.ts'

export type Session =
  /** A session may be there: it is being asked for. */
  | { status: 'unknown' }
  | { status: 'in'; user: User }
  /** @property ended it came to an end by itself, and was not signed out here */
  | { status: 'out'; ended: boolean }

/** Asks the gateway to keep the refresh token in the cookie. */
const inCookie = { headers: { 'x-holdfast-session': 'cookie' } }

/** Also when the page is left meanwhile: the cookie has to be there for the next one. */
const auth = createClient({ url: '', fetch: async (input, init) => watchedFetch(input, { ...init, keepalive: true }) })

/** A token is renewed when it has less to live than this, ms. */
const renewBeforeMs = 60_000

/** Says that there is a cookie, which a script can't see: without one nobody is asked. */
const hint = 'holdfast-signed-in'

/** Says that somebody has signed out, and nobody has heard of it yet. */
const leaving = 'holdfast-signing-out'

/** Of a refresh that will not be answered otherwise: the session is over, or nobody has one here. */
const refusals = [400, 401, 403, 404]

/** Until it is tried again what nobody answered, ms. */
const againMs = 2_000

let session: Session = { status: 'unknown' }
/** `endsAt` by `performance.now()`, ms. */
let token: { text: string; endsAt: number } | undefined
let renewing: Promise<string | undefined> | undefined

const listeners = new Set<() => void>()
/** To the other tabs. */
const tabs = new BroadcastChannel('holdfast-session')

export function currentSession(): Session {
  return session
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Once per page: takes up a session of before, and follows the other tabs. */
export function startSession(): void {
  tabs.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data === 'out') end(false)
    else void renewToken().catch(() => undefined)
  })
  if (read(hint) === null) become({ status: 'out', ended: false })
  else void takeUp()
  if (read(leaving) !== null) void leave()
}

/** Until somebody answers: a page that is opened while nobody does is not signed out. */
async function takeUp(): Promise<void> {
  try {
    await renewToken()
  } catch {
    setTimeout(() => void takeUp(), againMs)
  }
}

/** @throws HoldfastApiError where it is refused */
export async function signIn(email: string, password: string): Promise<void> {
  take(await auth.login({ email, password }, inCookie))
  tabs.postMessage('in')
}

/** @throws HoldfastApiError where it is refused */
export async function register(email: string, password: string): Promise<void> {
  take(await auth.register({ email, password }, inCookie))
  tabs.postMessage('in')
}

/** At once for whoever looks on; the cookie goes as soon as somebody hears of it, if need be when the page is next opened. */
export async function signOut(): Promise<void> {
  end(false)
  tabs.postMessage('out')
  write(leaving, '1')
  await leave()
}

async function leave(): Promise<void> {
  // Who has signed in meanwhile has a cookie of their own.
  while (session.status !== 'in') {
    try {
      await auth.logout({}, inCookie)
      break
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, againMs)
      })
    }
  }
  write(leaving, undefined)
}

/** The access token, renewed in time; undefined: nobody is signed in. @throws TypeError where nobody answers */
export async function accessToken(): Promise<string | undefined> {
  if (session.status === 'out') return undefined
  return token !== undefined && token.endsAt - performance.now() > renewBeforeMs ? token.text : renewToken()
}

/** Another access token: for all who ask at once the same. @throws TypeError where nobody answers */
export async function renewToken(): Promise<string | undefined> {
  renewing ??= renewAlone().finally(() => (renewing = undefined))
  return renewing
}

/**
 * One tab after the other where the browser can see to that (it needs a secure context): each then sends the cookie that the
 * one before was given. Where it can't, the gateway knows that two came with one cookie.
 */
async function renewAlone(): Promise<string | undefined> {
  const locks = navigator.locks as LockManager | undefined
  return locks === undefined ? renew() : await locks.request('holdfast-refresh', renew)
}

async function renew(): Promise<string | undefined> {
  try {
    return take(await auth.refresh({}, inCookie))
  } catch (error) {
    if (!(error instanceof HoldfastApiError) || !refusals.includes(error.status)) throw error
    end(true)
    return undefined
  }
}

function take({ user, accessToken: text, expiresIn }: LoginResponse): string {
  token = { text, endsAt: performance.now() + expiresIn * 1000 }
  write(hint, '1')
  if (user !== undefined) become({ status: 'in', user })
  return text
}

function end(ended: boolean): void {
  token = undefined
  write(hint, undefined)
  become({ status: 'out', ended })
}

function become(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

/** Storage may be switched off; a session then ends with the page. */
function read(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

function write(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(name)
    else localStorage.setItem(name, value)
  } catch {
    // As above.
  }
}
