import { randomUUID } from 'node:crypto'

import { type Actor, Actor_Role } from '@holdfast/contracts/common'
import type { Logger } from 'pino'

import { HoldfastError, invalidField } from './errors'

/** Travels with each call: made by the server from the metadata, handed to every use case, passed on to every peer. */
export interface CallContext {
  requestId: string
  /** Who asks: the user of the token, else the calling service, else nobody known. */
  actor: Actor
  /** The user's own JWT, passed on with each call so that the owner of a row checks it itself. */
  userToken: string | undefined
  /** The calling service, when it proved itself by a service token. */
  caller: string | undefined
  /** The user's token lets them say how units are held, which is else for admins and services: a guest of a simulated sale. */
  choosesStrategy?: boolean
  /** When the caller stops waiting, in ms since 1970. */
  deadline: number
  idempotencyKey: string | undefined
  /** W3C trace context, if there is one. */
  traceparent: string | undefined
  log: Logger
}

/** Metadata names on the wire. */
export const metadataNames = {
  authorization: 'authorization',
  serviceToken: 'x-service-token',
  requestId: 'x-request-id',
  idempotencyKey: 'idempotency-key',
  traceparent: 'traceparent',
} as const

/** A context for what a service does by itself, as the sweeper. @param timeoutMs how long its calls may take */
export function systemContext(service: string, log: Logger, timeoutMs = 10_000): CallContext {
  const requestId = randomUUID()
  return {
    requestId,
    actor: { id: service, role: Actor_Role.SERVICE },
    userToken: undefined,
    caller: undefined,
    deadline: Date.now() + timeoutMs,
    idempotencyKey: undefined,
    traceparent: undefined,
    log: log.child({ requestId }),
  }
}

/** The same call, as the service itself: for what must be done whoever asked, and for longer than they wait. */
export function asService(ctx: CallContext, service: string, timeoutMs: number): CallContext {
  return { ...ctx, actor: { id: service, role: Actor_Role.SERVICE }, userToken: undefined, deadline: Date.now() + timeoutMs }
}

export function isAdmin(ctx: CallContext): boolean {
  return ctx.actor.role === Actor_Role.ADMIN
}

/** May see and change everybody's rows: an admin, or a service on its own behalf. */
export function seesAll(ctx: CallContext): boolean {
  return ctx.actor.role === Actor_Role.ADMIN || ctx.actor.role === Actor_Role.SERVICE
}

/** The idempotency key, from the header or from the request's `clientToken`; two that differ are refused. */
export function idempotencyKey(ctx: CallContext, clientToken: string): string | undefined {
  const inBody = clientToken === '' ? undefined : checkKey(clientToken)
  if (inBody !== undefined && ctx.idempotencyKey !== undefined && inBody !== ctx.idempotencyKey) {
    throw invalidField('clientToken', 'differs from the header Idempotency-Key')
  }
  return ctx.idempotencyKey ?? inBody
}

/** @throws INVALID_ARGUMENT for what is no idempotency key: 1 to 255 printable ASCII characters */
export function checkKey(key: string): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw invalidField('Idempotency-Key', 'must be 1 to 255 printable ASCII characters')
  return key
}

/** @throws DEADLINE_EXCEEDED when nobody waits any more */
export function checkDeadline(ctx: CallContext): void {
  if (Date.now() >= ctx.deadline) throw new HoldfastError('DEADLINE_EXCEEDED', 'The time for this request is over')
}

/** A request id from outside when it is sane, else a new one. */
export function saneRequestId(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(value) ? value : randomUUID()
}
