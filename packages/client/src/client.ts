import { type Operation, operations, type Operations } from './api.ts'
import { messagesOf } from './events.ts'
import { errorOf, HoldfastApiError } from './problem.ts'
import { type HttpRequest, httpRequest } from './request.ts'
import { RetryBudget } from './retry-budget.ts'

export interface ClientOptions {
  /** Where the gateway is, as `https://holdfast.example`. */
  url: string
  /** The access token, asked for before each try; undefined: the call goes without. */
  token?: () => string | undefined | Promise<string | undefined>
  /** Called once when the token of a call is refused; what it answers is tried. Undefined: there is no other. */
  refreshToken?: () => string | undefined | Promise<string | undefined>
  /** For one try, in ms; 30,000. A stream may last as long as it likes. */
  timeoutMs?: number
  /** Tries of one call in all; 5. 1: none is repeated. */
  tries?: number
  /** The longest wait that the system may ask for, in ms; 60,000. What asks for longer is not tried again. */
  maxWaitMs?: number
  /** Told before each wait for another try: why, and how long, in ms. */
  onRetry?: (error: unknown, waitMs: number) => void
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
}

export interface CallOptions {
  /** Made up for each call that changes something; the same one for each of its tries. */
  idempotencyKey?: string
  signal?: AbortSignal
  /** For this call alone. */
  timeoutMs?: number
  /** More headers, as `If-Match`. */
  headers?: Readonly<Record<string, string>>
}

type Call<Id extends keyof Operations> = Operations[Id] extends { stream: infer Message }
  ? (request: Operations[Id]['request'], options?: CallOptions) => AsyncGenerator<Message>
  : Operations[Id] extends { download: infer Piece }
    ? (request: Operations[Id]['request'], options?: CallOptions) => AsyncGenerator<Piece>
    : Operations[Id] extends { response: infer Answer }
      ? (request: Operations[Id]['request'], options?: CallOptions) => Promise<Answer>
      : never

/** Every operation of the API, by its name. */
export type Client = { readonly [Id in keyof Operations]: Call<Id> }

/**
 * A client of one system. A call that could not be made, or that the system asks to make again (429, 503), is tried again when the
 * system says, else after a pause that grows; one that changes something has the same idempotency key each time, so that
 * it happens once. A login and a refresh are sent once: their answers are tokens, and a refresh token that the server sees
 * twice ends its session.
 * While most of what it asks fails the client repeats nothing ({@link RetryBudget}): a system in trouble is not asked five times as much.
 * Calls throw HoldfastApiError for a refusal, and TypeError (of `fetch`) where there is no answer.
 */
export function createClient(given: ClientOptions): Client {
  const options: Settings = { ...given, budget: new RetryBudget() }
  const calls = Object.entries(operations).map(([id, operation]): [string, unknown] => [
    id,
    operation.gives !== undefined
      ? (request: Fields, call: CallOptions = {}) => download(options, operation, request, call)
      : operation.streams
        ? (request: Fields, call: CallOptions = {}) => watch(options, operation, request, call)
        : async (request: Fields, call: CallOptions = {}) => answerOf(options, operation, request, call),
  ])
  return Object.fromEntries(calls) as unknown as Client
}

type Settings = ClientOptions & { budget: RetryBudget }

type Fields = Readonly<Record<string, unknown>>

async function answerOf(options: Settings, operation: Operation, fields: Fields, call: CallOptions): Promise<unknown> {
  return send(options, operation, httpRequest(operation, fields), call, async (response) => response.json())
}

/** Begins again where it broke off, with what the last message stands for. A stream that can't begin ends with the error. */
async function* watch(options: Settings, operation: Operation, fields: Fields, call: CallOptions): AsyncGenerator {
  let resumed = fields
  for (;;) {
    const body = await send(options, operation, httpRequest(operation, resumed), call, async (response) => response.body)
    if (body === null) return
    try {
      for await (const message of messagesOf(body)) {
        const { resumeToken } = message as { resumeToken?: unknown }
        if (typeof resumeToken === 'string') resumed = { ...fields, resumeToken }
        yield message
      }
    } catch (error) {
      if (call.signal?.aborted === true || (error instanceof HoldfastApiError && !isPassing(error))) throw error
    }
    await pause(pauseMs(1, undefined), call.signal)
  }
}

/** Once it has begun it is not tried again: what came of it is with the caller. */
async function* download(options: Settings, operation: Operation, fields: Fields, call: CallOptions): AsyncGenerator<Uint8Array> {
  const body = await send(options, operation, httpRequest(operation, fields), call, async (response) => response.body)
  if (body !== null) yield* body
}

/** @param read what of a success is wanted; one that breaks off there is as lost as one that never came */
async function send<Answer>(
  options: Settings,
  operation: Operation,
  request: HttpRequest,
  call: CallOptions,
  read: (response: Response) => Promise<Answer>,
): Promise<Answer> {
  const { tries = 5, maxWaitMs = 60_000 } = options
  const key = call.idempotencyKey ?? (operation.repeatable ? newKey() : undefined)
  let token = operation.authenticated ? await options.token?.() : undefined
  let refreshed = false
  for (let tried = 1; ; tried++) {
    try {
      const response = await tryOnce(options, operation, request, { ...call, idempotencyKey: key }, token)
      if (response.ok) {
        const answer = await read(response)
        options.budget.earn()
        return answer
      }
      throw await errorOf(response)
    } catch (error) {
      const isRefused = error instanceof HoldfastApiError
      if (isRefused && error.status === 401 && operation.authenticated && !refreshed && options.refreshToken !== undefined) {
        refreshed = true
        token = await options.refreshToken()
        if (token !== undefined) continue
      }
      const safe = isRefused ? isPassing(error) : isSafe(operation, key) && call.signal?.aborted !== true
      const again = safe && !operation.once
      const askedMs = isRefused ? error.retryAfterMs : undefined
      if (!again || tried >= tries || (askedMs ?? 0) > maxWaitMs) throw error
      // Who calls too often is told when to come back, and so paced already.
      if (!(isRefused && error.status === 429) && !options.budget.spend()) throw error
      const waitMs = pauseMs(tried, askedMs)
      options.onRetry?.(error, waitMs)
      await pause(waitMs, call.signal)
    }
  }
}

async function tryOnce(
  options: Settings,
  operation: Operation,
  { method, target, body }: HttpRequest,
  { idempotencyKey, signal, headers, timeoutMs = options.timeoutMs ?? 30_000 }: CallOptions,
  token: string | undefined,
): Promise<Response> {
  const signals = [...(signal === undefined ? [] : [signal]), ...(isLong(operation) ? [] : [AbortSignal.timeout(timeoutMs)])]
  const fetch = options.fetch ?? globalThis.fetch
  return fetch(`${options.url.replace(/\/$/, '')}${target}`, {
    method,
    headers: {
      accept: operation.gives ?? (operation.streams ? 'text/event-stream' : 'application/json'),
      ...(body !== undefined && { 'content-type': body.type }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...headers,
    },
    ...(body !== undefined && { body: body.content }),
    ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
  })
}

/** It lasts as long as there is something to say. */
function isLong({ streams, gives }: Operation): boolean {
  return streams || gives !== undefined
}

/** Nothing was done, and the system asks to try again. */
function isPassing({ status }: HoldfastApiError): boolean {
  return status === 429 || status === 503
}

/** What became of a try without an answer nobody knows: it is repeated only where that can't do it twice. */
function isSafe({ method }: Operation, key: string | undefined): boolean {
  return method === 'GET' || key !== undefined
}

/** As the system says, else 0.1 s, 0.2 s, 0.4 s, ...; each with up to half as much again, so that many don't come back at once. */
function pauseMs(tried: number, retryAfterMs: number | undefined): number {
  return (retryAfterMs ?? 100 * 2 ** (tried - 1)) * (1 + Math.random() / 2)
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the call was given up'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
  })
}

/** 128 random bits. Not `randomUUID`, which browsers have in secure contexts alone: a console at a plain address of a network works, too. */
function newKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
