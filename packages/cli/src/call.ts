import { randomUUID } from 'node:crypto'

import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { type CallOptions, type Client, createClient, HoldfastApiError, operations } from '@holdfast/client'

import { isDefinite, leavesUnknown } from './failure'
import { Output, type OutputOptions } from './output'
import { OutcomeUnknown, SignInNeeded } from './problem'
import { type LocalUser, openSession, type Session } from './session'
import { findUrl } from './settings'

/** Those of the whole program, which every command takes. */
export interface GlobalOptions extends OutputOptions {
  url?: string
  as?: LocalUser
}

/** What a command works with. */
export interface Call {
  /** Of the gateway. */
  url: string
  session: Session
  /** Every operation, as whoever is signed in. What changes something has the idempotency key of this command. */
  client: Client
  out: Output
  /** Ctrl-C. */
  signal: AbortSignal
}

export interface CallSettings {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Told the address as soon as it is known. */
  onUrl?: (url: string) => void
}

/** @param key undefined: one is made */
export async function openCall(options: GlobalOptions, key: string | undefined, settings: CallSettings): Promise<Call> {
  const { env, signal, onUrl } = settings
  const url = await findUrl(options.url, env)
  onUrl?.(url)
  const out = new Output(options)
  const session = await openSession(url, options.as, env)
  return { url, session, out, signal, client: connect(url, session, out, key ?? randomUUID(), signal) }
}

/** A client whose calls end with `signal`; those that change something have the key, and tell when nobody knows what became of them. */
function connect(url: string, { tokens }: Session, out: Output, key: string, signal: AbortSignal): Client {
  const seen = { unknown: false, limited: false }
  const client = createClient({
    url,
    ...tokens,
    onRetry: (error) => {
      seen.unknown ||= leavesUnknown(error)
      if (seen.limited || !(error instanceof HoldfastApiError) || error.status !== 429) return
      seen.limited = true
      out.note(`The system limits how often it may be asked (${error.problem.detail}): this takes longer`)
    },
  })
  const send = client as unknown as Record<string, (request: object, options: CallOptions) => unknown>
  const bound = Object.entries(operations).map(([id, { repeatable, streams, gives, authenticated }]) => [
    id,
    (request: object, options: CallOptions = {}): unknown => {
      const sent = send[id]?.(request, { signal, ...(repeatable && { idempotencyKey: key }), ...options })
      if (streams || gives !== undefined) return sent
      return (sent as Promise<unknown>).catch((error: unknown) => {
        if (repeatable && !isDefinite(error) && (seen.unknown || leavesUnknown(error)))
          throw new OutcomeUnknown(options.idempotencyKey ?? key, error)
        throw authenticated && error instanceof HoldfastApiError && error.status === 401 ? new SignInNeeded(error) : error
      })
    },
  ])
  return Object.fromEntries(bound) as Client
}

/** For a command that changes something. */
export function keyOption() {
  return new Option('--key <key>', 'idempotency key: the same command with the same key happens once (default: a new one)')
}

/** For a command that lists. */
export function limitOption() {
  return new Option('--limit <count>', 'most of them').argParser(wholeCount).default(50)
}

export function allOption() {
  return new Option('--all', 'all of them, page after page')
}

/** An option that is a whole number from 1 on. */
export function wholeCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

/** An option that is a whole number, also 0 or below. */
export function wholeNumber(text: string): number {
  if (!/^-?\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
