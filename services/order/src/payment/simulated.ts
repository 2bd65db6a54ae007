import { setTimeout as sleep } from 'node:timers/promises'

import type { Database } from '@holdfast/service'

import type { PaymentProvider, PaymentState } from './provider'

export interface SimulatedOptions {
  database: Database
  /** How long tok_slow takes, in ms. */
  slowMs: number
  /** When tok_late is authorized and tok_timeout declined, after nobody waits any more, in ms. */
  lateMs: number
}

interface Behaviour {
  outcome: 'authorized' | 'declined'
  /** When the provider has decided, in ms. */
  afterMs: number
  /** It decides, and does not say so. */
  silent?: boolean
}

/** A provider for trying things out: it behaves as the token says, and forgets nothing. */
export function createSimulatedProvider({ database, slowMs, lateMs }: SimulatedOptions): PaymentProvider {
  const atOnce: Behaviour = { outcome: 'authorized', afterMs: 0 }
  const behaviours = new Map<string, Behaviour>([
    ['', atOnce],
    ['tok_ok', atOnce],
    ['tok_declined', { outcome: 'declined', afterMs: 0 }],
    ['tok_slow', { outcome: 'authorized', afterMs: slowMs }],
    ['tok_late', { outcome: 'authorized', afterMs: lateMs }],
    ['tok_timeout', { outcome: 'declined', afterMs: lateMs, silent: true }],
  ])

  /** Decides what is due, then runs a statement that answers the state. */
  const change = async (id: string, statement: string, ...values: string[]): Promise<PaymentState> => {
    await database.pool.query(
      `update simulated_payments set state = outcome where id = $1 and state = 'pending' and settles_at <= clock_timestamp()`,
      [id],
    )
    const { rows } = await database.pool.query<{ state: PaymentState }>(statement, [id, ...values])
    return rows[0]?.state ?? 'absent'
  }
  const move = async (id: string, from: PaymentState, to: PaymentState): Promise<PaymentState> => {
    await change(id, 'update simulated_payments set state = $3 where id = $1 and state = $2', from, to)
    return lookup(id)
  }
  const lookup = async (id: string): Promise<PaymentState> => change(id, 'select state from simulated_payments where id = $1')

  return {
    lookup,
    authorize: async ({ id, amount, token }, signal) => {
      const { outcome, afterMs, silent = false } = behaviours.get(token) ?? { outcome: 'declined', afterMs: 0 }
      await database.pool.query(
        `insert into simulated_payments (id, currency, amount_minor, state, outcome, settles_at)
         values ($1, $2, $3, 'pending', $4, clock_timestamp() + $5 * interval '1 ms') on conflict do nothing`,
        [id, amount.currency, amount.amountMinor, outcome, afterMs],
      )
      for (;;) {
        const state = await lookup(id)
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
         on conflict (id) do update set state = case when p.state in ('pending', 'authorized') then 'voided' else p.state end
         returning state`,
      ),
  }
}
