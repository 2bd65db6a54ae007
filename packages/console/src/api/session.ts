/**
 * Who is signed in. The access token lives in this module and nowhere else; the refresh token in a cookie that no script can
 * read (docs/decisions/038-console.md). After a reload a refresh brings a new access token.
 */
import { createClient, HoldfastApiError, type LoginResponse, type User } from '@holdfast/client'

import { untilDone, watchedFetch } from './connection.ts'
import { readStored, writeStored } from './stored.ts'

export type Session =
  /** A session may be there: it is being asked for. */
  | { status: 'unknown' }
  | { status: 'in'; user: User }
  /** @property ended it came to an end by itself, and was not signed out here */
  | { status: 'out'; ended: boolean }

/** Asks the gateway to keep the refresh token in the cookie. */
const inCookie = { headers: { 'x-holdfast-session': 'cookie' } }

/**
 * Also when the page is left meanwhile: the cookie has to be there for the next one. Other tabs
 * wait for the answer (see `alone`), so it is not tried for long.
 */
const auth = createClient({
  url: '',
  fetch: async (input, init) => watchedFetch(input, { ...init, keepalive: true }),
  tries: 3,
  maxWaitMs: 1_000,
})

/** A token is renewed when it has less to live than this, ms. */
const renewBeforeMs = 60_000

/**
 * Says that there is a cookie, which a script can't see: without it nobody is asked. Its value is random, made at each sign-in,
 * and goes with every refresh: what comes twice with it is one of our tabs, or a page that was left, and not a copy of the cookie.
 */
const keyName = 'holdfast-session-key'

/** Says that a sign-out is still to be heard. */
const leavingName = 'holdfast-signing-out'

let session: Session = { status: 'unknown' }
/** `endsAt` by `performance.now()`, ms. */
let token: { text: string; endsAt: number } | undefined
let renewing: Promise<string | undefined> | undefined
let key: string | undefined
/** Grows whenever somebody signs in or out: the answer to what was asked before counts no more. */
let epoch = 0
/** Where the browser has no locks: what this tab did last. */
let last: Promise<unknown> = Promise.resolve()

const listeners = new Set<() => void>()
/** Said to the other tabs: somebody has signed out, or in. */
type Message = 'out' | { key: string }
const tabs = new BroadcastChannel('holdfast-session')

export function currentSession(): Session {
  return session
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Once per page: takes up a session of before, or ends one that was left, and follows the other tabs. */
export function startSession(): void {
  tabs.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data === 'out') {
      end(false)
      // The tab that said so may be closed before anybody has heard it.
      void untilDone(leave)
    } else {
      turn(data.key)
      void renewToken().catch(() => undefined)
    }
  })
  key = readStored(keyName)
  if (readStored(leavingName) !== undefined) {
    end(false)
    void untilDone(leave)
  } else if (key === undefined) become({ status: 'out', ended: false })
  else void untilDone(takeUp)
}

/** Not done until somebody answers: a page that is opened while nobody does is not signed out. */
async function takeUp(): Promise<boolean> {
  if (session.status === 'unknown') await renewToken().catch(() => undefined)
  return session.status !== 'unknown'
}

/** @throws HoldfastApiError where it is refused */
export async function signIn(email: string, password: string): Promise<void> {
  await enter(async () => auth.login({ email, password }, inCookie))
}

/** @throws HoldfastApiError where it is refused */
export async function register(email: string, password: string): Promise<void> {
  await enter(async () => auth.register({ email, password }, { ...inCookie, idempotencyKey: newKey() }))
}

async function enter(ask: () => Promise<LoginResponse>): Promise<void> {
  await alone(async () => {
    await sayLeaving()
    const answer = await ask()
    // The new cookie is in the place of the one that was to go: what is said from now on would end the new session.
    writeStored(leavingName, undefined)
    const made = newKey()
    turn(made)
    writeStored(keyName, made)
    take(answer)
    tell({ key: made })
  })
}

/** For this page at once, also where nobody hears it: then it is said again, before anything else is done with the cookie. */
export async function signOut(): Promise<void> {
  writeStored(leavingName, '1')
  end(false)
  const left = untilDone(leave)
  tell('out')
  await left
}

async function leave(): Promise<boolean> {
  return alone(sayLeaving)
}

/** @returns whether there is nothing more to say */
async function sayLeaving(): Promise<boolean> {
  if (readStored(leavingName) === undefined) return true
  try {
    await auth.logout({}, { ...inCookie, idempotencyKey: newKey() })
  } catch (error) {
    if (!isFinal(error)) return false
  }
  writeStored(leavingName, undefined)
  return true
}

/** The access token, renewed in time; undefined: nobody is signed in. @throws TypeError where nobody answers */
export async function accessToken(): Promise<string | undefined> {
  if (session.status === 'out') return undefined
  return token !== undefined && token.endsAt - performance.now() > renewBeforeMs ? token.text : renewToken()
}

/** Another access token: for all who ask at once the same. @throws TypeError where nobody answers */
export async function renewToken(): Promise<string | undefined> {
  if (renewing !== undefined) return renewing
  const asked = epoch
  const mine = alone(async () => renew(asked)).finally(() => {
    if (renewing === mine) renewing = undefined
  })
  return (renewing = mine)
}

async function renew(asked: number): Promise<string | undefined> {
  if (asked !== epoch || readStored(leavingName) !== undefined) return token?.text
  try {
    const answer = await auth.refresh({}, { ...inCookie, ...(key !== undefined && { idempotencyKey: key }) })
    if (asked === epoch) take(answer)
  } catch (error) {
    if (!isFinal(error)) throw error
    if (asked === epoch) end(true)
  }
  return token?.text
}

/** Asked again it would be refused again: the session is over, or this gateway has none. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof HoldfastApiError)) return false
  const { status } = error
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

/**
 * One after the other, in all tabs where the browser can see to that (it needs a secure context): each sends the cookie that the
 * one before was given. Where it can't, the gateway knows tabs by their key.
 */
async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  const locks = navigator.locks as LockManager | undefined
  if (locks !== undefined) return await locks.request('holdfast-session', work)
  const mine = last.then(work)
  last = mine.catch(() => undefined)
  return mine
}

/** `crypto.randomUUID` is for secure contexts alone. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function take({ user, accessToken: text, expiresIn }: LoginResponse): void {
  token = { text, endsAt: performance.now() + expiresIn * 1000 }
  if (user !== undefined) become({ status: 'in', user })
}

function end(ended: boolean): void {
  turn(undefined)
  writeStored(keyName, undefined)
  become({ status: 'out', ended })
}

/** What was before counts no more. @param next the key from now on */
function turn(next: string | undefined): void {
  epoch++
  key = next
  token = undefined
  renewing = undefined
}

function tell(message: Message): void {
  tabs.postMessage(message)
}

function become(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}
