/** A shop in which people reserve, look, cancel and pay all the time, and each of whose calls has to succeed. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Credential } from '@holdfast/launcher'

import type { JsonReply, JsonRequest } from '../json-client'
import type { OrderReply, ReservationReply } from '../replies'
import { waitFor } from '../wait-for'
import type { Balancer } from './balancer'
import { noteCancelled, notePaid, noteReserved, nothingTold, type Told } from './told'

const callKinds = [
  'reserve',
  'get',
  'cancel',
  'checkout',
  'list reservations',
  'list orders',
  'availability',
  'products',
  'audit',
] as const
export type CallKind = (typeof callKinds)[number]

/** A call that was not answered as it should be. */
export interface Failure {
  kind: CallKind
  /** RFC 3339. */
  at: string
  /** The status and the body, or why there was no answer. */
  what: string
}

export interface SteadyLoad {
  readonly skus: string[]
  /** How many calls of each kind were answered as they should be. */
  readonly done: Record<CallKind, number>
  readonly failures: Failure[]
  readonly told: Told
  /** Resolves when each kind of call was answered so many times more. */
  goesOn(more?: number): Promise<void>
  /** From now on calls go out by it; a shopper's token is good at every gateway. */
  by(balancer: Balancer): void
  /** Everybody logs in anew. */
  renewTokens(): Promise<void>
  /** Resolves when every call is answered. */
  stop(): Promise<void>
}

export interface SteadyLoadOptions {
  balancer: Balancer
  admin: Credential
  /** Who call at once; 3. Each takes a short breath after each call. */
  shoppers?: number
}

const breathMs = 100
const patienceMs = 120_000

/** Begins when it is called; the products are made, and the shoppers registered, when it resolves. */
export async function startSteadyLoad({ balancer, admin, shoppers = 3 }: SteadyLoadOptions): Promise<SteadyLoad> {
  let way = balancer
  const stopping = new AbortController()
  const failures: Failure[] = []
  const done = Object.fromEntries(callKinds.map((kind) => [kind, 0])) as Record<CallKind, number>
  const told = nothingTold()

  const logIn = async ({ email, password }: Credential, how: 'login' | 'register' = 'login'): Promise<string> => {
    const reply = await way.call<{ accessToken?: string }>('POST', `/v1/auth/${how}`, { body: { email, password } })
    if (reply.body.accessToken === undefined) throw new Error(`${email} got no token: ${describe(reply)}`)
    return reply.body.accessToken
  }
  const person = async (credential: Credential, how?: 'register') => ({ credential, token: await logIn(credential, how) })
  const newShopper = { email: () => `${randomUUID()}@shop.example`, password: () => `secret ${randomUUID()}` }
  const keeper = await person(admin)
  const people = await Promise.all(
    Array.from({ length: shoppers }, async () =>
      person({ email: newShopper.email(), password: newShopper.password() }, 'register'),
    ),
  )
  const skus = ['A', 'B', 'C'].map((letter) => `STEADY-${letter}-${randomUUID().slice(0, 8).toUpperCase()}`)
  for (const sku of skus) {
    const price = { currency: 'USD', amountMinor: '1000' }
    const body = { sku, name: `Product ${sku}`, price, stock: 1_000_000 }
    const reply = await way.call('POST', '/v1/products', { token: keeper.token, body })
    if (reply.status !== 201) throw new Error(`no product: ${describe(reply)}`)
  }

  /** @returns undefined when it failed */
  const call = async <Body>(
    kind: CallKind,
    token: string,
    [method, path, status]: [string, string, number],
    request: JsonRequest = {},
  ): Promise<JsonReply<Body> | undefined> => {
    try {
      const reply = await way.call<Body>(method, path, { token, ...request })
      if (reply.status !== status) throw new Error(describe(reply))
      done[kind]++
      return reply
    } catch (error) {
      failures.push({ kind, at: new Date().toISOString(), what: causes(error) })
      return undefined
    } finally {
      await sleep(breathMs)
    }
  }
  const shop = async (shopper: { token: string }): Promise<void> => {
    for (let round = 0; !stopping.signal.aborted; round++) {
      const { token } = shopper
      const sku = skus[Math.floor(round / 3) % skus.length] ?? ''
      const request = { body: { lines: [{ sku, quantity: 1 }] }, idempotencyKey: randomUUID() }
      const made = await call<ReservationReply>('reserve', token, ['POST', '/v1/reservations', 201], request)
      const id = made && noteReserved(told, sku, made)
      if (id !== undefined) {
        await call('get', token, ['GET', `/v1/reservations/${id}`, 200])
        if (round % 3 === 0) {
          noteCancelled(told, id, await call('cancel', token, ['POST', `/v1/reservations/${id}:cancel`, 200]))
        } else if (round % 3 === 1) {
          const body = { reservationId: id, paymentToken: 'tok_ok' }
          notePaid(told, id, await call<OrderReply>('checkout', token, ['POST', '/v1/checkout', 200], { body }))
        }
      }
      await call('list reservations', token, ['GET', '/v1/reservations?pageSize=5', 200])
      await call('list orders', token, ['GET', '/v1/orders?pageSize=5', 200])
      await call('availability', token, ['GET', `/v1/availability?${skus.map((sku) => `skus=${sku}`).join('&')}`, 200])
      await call('products', token, ['GET', '/v1/products?pageSize=5', 200])
    }
  }
  const audit = async (): Promise<void> => {
    while (!stopping.signal.aborted) await call('audit', keeper.token, ['GET', '/v1/audit/records?pageSize=5', 200])
  }
  const working = [...people.map(shop), audit()]

  return {
    skus,
    done,
    failures,
    told,
    goesOn: async (more = 1) => {
      const before = { ...done }
      const isEnough = (): boolean => callKinds.every((kind) => done[kind] >= before[kind] + more) || failures.length > 100
      await waitFor(isEnough, { what: 'the load to go on', timeoutMs: patienceMs })
    },
    by: (next) => {
      way = next
    },
    renewTokens: async () => {
      for (const one of [keeper, ...people]) one.token = await logIn(one.credential)
    },
    stop: async () => {
      stopping.abort()
      await Promise.all(working)
    },
  }
}

function describe({ status, body }: JsonReply<unknown>): string {
  return `${status} ${JSON.stringify(body)}`
}

/** fetch says "fetch failed", and the reason behind it. */
function causes(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  return cause === undefined ? message : `${message}: ${causes(cause)}`
}
