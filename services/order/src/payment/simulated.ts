import { setTimeout as sleep } from 'node:timers/promises'

import type { Database } from '@holdfast/service'

import type { Payment, PaymentProvider, PaymentState } from './provider'
import { readSimulatedCallback } from './simulated-callbacks'

export interface SimulatedOptions {
  database: Database
  /** How long tok_slow and tok_callback_slow take, in ms. */
  slowMs: number
  /** When tok_late is authorized and tok_timeout declined, after nobody waits any more, in ms. */
  lateMs: number
  /** When it has decided what it calls back about, in ms. */
  callbackMs: number
  /** When tok_callback_late takes the money, after it was given up, in ms. */
  callbackLateMs: number
  /** What its callbacks are signed with; without any it does not call back. */
  secrets: readonly string[]
}

interface Behaviour {
  outcome: 'authorized' | 'captured' | 'declined'
  /** When the provider has decided, in ms. */
  afterMs: number
  /** It decides, and does not say so. */
  silent?: boolean
  /** It answers `pending`, and calls back so many times when it has decided. */
  callbacks?: number
  /** It answers when its callback was taken. */
  callsFirst?: boolean
  /** What is under way can't be stopped any more, as a bank transfer. */
  unstoppable?: boolean
}

/** How long an answer waits for the callback that comes before it, in ms. */
const callsFirstMs = 2_000

/** A provider for trying things out: it behaves as the token says, and forgets nothing. */
export function createSimulatedProvider(options: SimulatedOptions): PaymentProvider {
  const { pool } = options.database
  const behaviours = behavioursOf(options)

  /** Decides what is due, then runs a statement that answers the state. */
  const change = async (id: string, statement: string, ...values: string[]): Promise<PaymentState> => {
    await pool.query(
      `update simulated_payments set state = outcome where id = $1 and state = 'pending' and settles_at <= clock_timestamp()`,
      [id],
    )
    const { rows } = await pool.query<{ state: PaymentState }>(statement, [id, ...values])
    return rows[0]?.state ?? 'absent'
  }
  const move = async (id: string, from: PaymentState, to: PaymentState): Promise<PaymentState> => {
    await change(id, 'update simulated_payments set state = $3 where id = $1 and state = $2', from, to)
    return lookup(id)
  }
  const lookup = async (id: string): Promise<PaymentState> => change(id, 'select state from simulated_payments where id = $1')

  /** The payment, and what is to be told of it, in one statement: a crash between the two loses no callback. */
  const begin = async ({ id, amount }: Payment, behaviour: Behaviour): Promise<void> => {
    const { outcome, afterMs, callbacks = 0, unstoppable = false } = behaviour
    await pool.query(
      `with begun as (
         insert into simulated_payments (id, currency, amount_minor, state, outcome, settles_at, unstoppable)
         values ($1, $2, $3, 'pending', $4, clock_timestamp() + $5 * interval '1 ms', $6) on conflict do nothing
         returning id, settles_at)
       insert into simulated_callbacks (id, payment_id, send_at)
       select 'msg_' || id || '_' || n, id, settles_at from begun, generate_series(1, $7::integer) as n`,
      [id, amount.currency, amount.amountMinor, outcome, afterMs, unstoppable, callbacks],
    )
  }
  const untilCalledBack = async (id: string, signal: AbortSignal): Promise<void> => {
    for (const giveUpAt = Date.now() + callsFirstMs; Date.now() < giveUpAt; await sleep(20, undefined, { signal })) {
      const { rowCount } = await pool.query('select from simulated_callbacks where payment_id = $1 and sent_at is not null', [id])
      if (rowCount !== 0) return
    }
  }

  return {
    name: 'simulated',
    readCallback: options.secrets.length === 0 ? undefined : (message) => readSimulatedCallback(message, options.secrets),
    lookup,
    authorize: async (payment, signal) => {
      const behaviour: Behaviour = behaviours.get(payment.token) ?? { outcome: 'declined', afterMs: 0 }
      const { afterMs, silent = false, callbacks, callsFirst = false } = behaviour
      await begin(payment, behaviour)
      if (callsFirst) await untilCalledBack(payment.id, signal)
      if (callbacks !== undefined) return callsFirst ? 'pending' : lookup(payment.id)
      for (;;) {
        const state = await lookup(payment.id)
        if (state !== 'pending' && !silent) return state
        await sleep(Math.min(Math.max(afterMs / 10, 10), 250), undefined, { signal })
      }
    },
    capture: async (id) => move(id, 'authorized', 'captured'),
    refund: async (id) => move(id, 'captured', 'refunded'),
    void: async (id) =>
      change(
        id,
        `insert into simulated_payments as p (id, state) values ($1, 'voided')
         on conflict (id) do update set state =
           case when p.state = 'authorized' or (p.state = 'pending' and not p.unstoppable) then 'voided' else p.state end
         returning state`,
      ),
  }
}

/** By token; docs/payments.md says them to people. What is not here is declined. */
function behavioursOf({ slowMs, lateMs, callbackMs, callbackLateMs }: SimulatedOptions): Map<string, Behaviour> {
  const atOnce: Behaviour = { outcome: 'authorized', afterMs: 0 }
  const byCallback: Behaviour = { outcome: 'authorized', afterMs: callbackMs, callbacks: 1 }
  return new Map<string, Behaviour>([
    ['', atOnce],
    ['tok_ok', atOnce],
    ['tok_declined', { outcome: 'declined', afterMs: 0 }],
    ['tok_slow', { outcome: 'authorized', afterMs: slowMs }],
    ['tok_late', { outcome: 'authorized', afterMs: lateMs }],
    ['tok_timeout', { outcome: 'declined', afterMs: lateMs, silent: true }],
    ['tok_callback', byCallback],
    ['tok_callback_declined', { ...byCallback, outcome: 'declined' }],
    ['tok_callback_twice', { ...byCallback, callbacks: 2 }],
    ['tok_callback_first', { ...byCallback, afterMs: 0, callsFirst: true }],
    ['tok_callback_slow', { ...byCallback, afterMs: slowMs }],
    ['tok_callback_never', { ...byCallback, callbacks: 0 }],
    ['tok_callback_late', { ...byCallback, outcome: 'captured', afterMs: callbackLateMs, unstoppable: true }],
  ])
}
