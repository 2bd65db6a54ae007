import { types } from 'node:util'

import { HoldfastApiError, type Problem } from '@holdfast/client'

import { exitCodes, type ExitReason, reasonOf } from './exit-codes'
import { CliProblem, OutcomeUnknown, SignInNeeded } from './problem'

/** An error in the terms of the command line. */
export interface Failure {
  exitCode: number
  /** As the system has it; made here, in the same shape, where there was no answer: its status is 0 and its request id empty. */
  problem: Problem & { idempotencyKey?: string }
  /** What else is worth telling to people. */
  hints: string[]
}

const localCodes: Record<ExitReason, string> = {
  ok: '',
  refused: 'FAILED',
  usage: 'INVALID_ARGUMENT',
  signIn: 'UNAUTHENTICATED',
  notFound: 'NOT_FOUND',
  unavailable: 'UNAVAILABLE',
  fault: 'INTERNAL',
  partly: 'PARTLY_DONE',
  interrupted: 'INTERRUPTED',
}

/** @param url of the gateway, where one was asked */
export function failureOf(error: unknown, url = ''): Failure {
  if (error instanceof OutcomeUnknown) {
    const { exitCode, problem, hints } = failureOf(error.cause, url)
    const hint = `nobody knows whether it was done: repeat it with --key ${error.key}, and it happens once`
    return { exitCode, problem: { ...problem, idempotencyKey: error.key }, hints: [...hints, hint] }
  }
  if (error instanceof SignInNeeded) {
    const { exitCode, problem, hints } = failureOf(error.cause, url)
    return { exitCode, problem, hints: [...hints, 'sign in with "holdfast login"'] }
  }
  if (error instanceof HoldfastApiError) {
    return { exitCode: exitCodes[reasonOf(error.code, error.status)][0], problem: error.problem, hints: [] }
  }
  const reason = reasonOfLocal(error)
  const detail = detailOf(error, url)
  const code = localCodes[reason]
  const errors = error instanceof CliProblem ? [...error.errors] : []
  return {
    exitCode: exitCodes[reason][0],
    problem: { type: 'about:blank', title: exitCodes[reason][1], status: 0, detail, code, requestId: '', errors },
    hints: [],
  }
}

function reasonOfLocal(error: unknown): ExitReason {
  if (error instanceof CliProblem) return error.reason
  if (isAbort(error)) return 'interrupted'
  return isNoAnswer(error) ? 'unavailable' : 'fault'
}

function detailOf(error: unknown, url: string): string {
  if (error instanceof CliProblem) return error.message
  if (isAbort(error)) return 'interrupted'
  if (isNoAnswer(error)) return noAnswer(error, url)
  return types.isNativeError(error) ? (error.stack ?? error.message) : String(error)
}

function noAnswer(error: unknown, url: string): string {
  const reason = networkCode(error)
  if (!/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/.test(reason)) return `no answer from ${url}: ${reason}`
  return `Holdfast does not run at ${url} (${reason}): start it with "npm start", or say where it is with --url`
}

/** What `fetch` throws: a TypeError for want of a connection, a TimeoutError for want of an answer. */
function isNoAnswer(error: unknown): boolean {
  return types.isNativeError(error) ? error.name === 'TimeoutError' || 'cause' in error : nameOf(error) === 'TimeoutError'
}

function isAbort(error: unknown): boolean {
  return nameOf(error) === 'AbortError'
}

/** A DOMException is no native error. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function networkCode(error: unknown): string {
  const cause = types.isNativeError(error) && types.isNativeError(error.cause) ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

/** Whether what was sent may have been done all the same. */
export function leavesUnknown(error: unknown): boolean {
  if (error instanceof HoldfastApiError) return error.status >= 500 && error.code !== 'OVERLOADED'
  // Who refuses the connection has been told nothing.
  return !(error instanceof CliProblem) && networkCode(error) !== 'ECONNREFUSED'
}

/** Whether it was decided that it is not done, whatever became of earlier tries with its key. */
export function isDefinite(error: unknown): boolean {
  return error instanceof CliProblem || (error instanceof HoldfastApiError && error.status < 500 && error.status !== 429)
}
