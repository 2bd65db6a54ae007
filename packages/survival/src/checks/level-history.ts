/** Of a whole history, what happened to the free units of one SKU, for the checker. */
import type { HistoryEvent } from '@holdfast/testing'

import { isAmbiguous, type Operation } from '../workload/history'
import type { LevelAnswer, LevelCall } from './level-model'

export type LevelEvent = HistoryEvent<LevelCall, LevelAnswer>

/**
 * What the database says of a call that nobody heard the outcome of, or that was refused while a request of it may have been done: whether it
 * may have been, and by when; ms since 1970, undefined: at any time.
 */
export type Witness = (operation: Operation) => { done: boolean; at?: number | undefined }

/** The database says when a call was done by a clock that it reads before it commits; a frozen or slow process commits so much later; ms. */
export const mostCommitMs = 15_000

/** Of an SKU that reservations have as their only one. */
export function levelHistory(history: readonly Operation[], sku: string, witness: Witness): LevelEvent[] {
  const holds = new Set(
    history.flatMap(({ call }) => (call.do === 'reserve' && call.lines.some((line) => line.sku === sku) ? [call.hold] : [])),
  )
  const events: LevelEvent[] = []
  let operation = 0
  const add = (call: LevelCall, { client, from }: Operation, end?: { at: number; answer: LevelAnswer }): void => {
    events.push({ kind: 'call', operation, client, at: from, call })
    if (end !== undefined) events.push({ kind: 'answer', operation, ...end })
    operation++
  }
  for (const one of history) {
    const call = levelCall(one, sku, holds)
    if (call === undefined) continue
    const { to, outcome, answer, code = 'OK' } = one
    const isUnknown = outcome === 'unknown' || to === undefined
    if (!isUnknown) add(call, one, { at: to, answer: { code, expiresAt: answer?.expiresAt, available: answer?.available } })
    if (!isUnknown && !isAmbiguous(one)) continue
    const { done, at } = witness(one)
    // Where it ends keeps what stayed unknown from being possible for the rest of a long run.
    if (done)
      add(call, one, at === undefined ? undefined : { at: Math.max(one.from, at) + mostCommitMs, answer: { code: 'UNTOLD' } })
  }
  return inOrder(events)
}

function levelCall({ call }: Operation, sku: string, holds: ReadonlySet<string>): LevelCall | undefined {
  switch (call.do) {
    case 'reserve': {
      const units = call.lines.find((line) => line.sku === sku)?.quantity
      return units === undefined ? undefined : { do: 'reserve', hold: call.hold, units, ttlMs: call.ttlSeconds * 1000 }
    }
    case 'change':
      return holds.has(call.hold) ? { do: 'change', hold: call.hold, units: call.quantity } : undefined
    case 'extend':
    case 'cancel':
    case 'checkOut':
    case 'cancelOrder':
      return holds.has(call.hold) ? { do: call.do, hold: call.hold } : undefined
    case 'adjust':
      return call.sku === sku ? { do: 'adjust', delta: call.delta } : undefined
    case 'readStock':
      return call.sku === sku ? { do: 'read' } : undefined
    default:
      return undefined
  }
}

/** What happened in the same ms may have happened at once: calls first. */
function inOrder(events: LevelEvent[]): LevelEvent[] {
  return events.sort((one, other) => one.at - other.at || Number(one.kind === 'answer') - Number(other.kind === 'answer'))
}

/** The last few events before one, in words, for who has to find out why. */
export function describeLevel(events: readonly LevelEvent[], until: number, count = 40): string {
  const calls = new Map(events.flatMap((event) => (event.kind === 'call' ? [[event.operation, event.call] as const] : [])))
  return events
    .slice(Math.max(0, until + 1 - count), until + 1)
    .map((event) => {
      const what = JSON.stringify(calls.get(event.operation))
      const says = event.kind === 'call' ? '?' : `: ${JSON.stringify(event.answer)}`
      return `${new Date(event.at).toISOString()} #${event.operation} ${what} ${says}`
    })
    .join('\n')
}
