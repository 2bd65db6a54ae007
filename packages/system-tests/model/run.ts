/** Runs a small program against a shop, and keeps what was called and answered, in the order in which it was seen. */
import { adminToken, type Api, api, type OrderReply, type ProblemReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Shop } from '../shop'
import type { HistoryEvent } from './checker'
import type { Answer } from './holdfast'
import { type Action, adjustmentOf, type Call, describeCall, extensionSeconds, type Program, slotOf } from './program'

export type History = HistoryEvent<Call, Answer>[]

/** One run, whose SKUs, keys and shopper nobody else uses. */
interface Run {
  program: Program
  shopper: Api
  admin: Api
  skus: string[]
  /** Makes the keys of this run its own. */
  name: string
  /** Reservations, as far as somebody was told of them. */
  known: { id: string; endsAt: number }[]
  history: History
}

export async function runProgram(shop: Shop, program: Program): Promise<History> {
  const [shopper, token, ...skus] = await Promise.all([
    shop.shopper(),
    adminToken(shop.system),
    ...program.stock.map(async (units) => shop.product(units)),
  ])
  const admin = api(shop.system.url, { token })
  const run: Run = { program, shopper, admin, skus, name: randomUUID(), known: [], history: [] }
  await Promise.all(
    program.clients.map(async (actions, client) => {
      for (const action of actions) await act(run, client, action)
    }),
  )
  await settled(run)
  await record(run, program.clients.length, { do: 'readSettled' }, async () => readStock(run))
  return run.history
}

/** What nobody can ask for yet is left out. */
async function act(run: Run, client: number, { pause, endOf, call }: Action): Promise<void> {
  const end = endOf && run.known[endOf.slot]?.endsAt
  await sleep(pause)
  // Only the short ones end while somebody waits.
  if (endOf !== undefined && end !== undefined && end - Date.now() < 3_000)
    await sleep(Math.max(0, end + endOf.after - Date.now()))
  const perform = await performing(run, call)
  if (perform !== undefined) await record(run, client, call, perform)
}

async function record(run: Run, client: number, call: Call, perform: () => Promise<Answer | undefined>): Promise<void> {
  const operation = run.history.length
  run.history.push({ kind: 'call', operation, client, at: Date.now(), call })
  const answer = await perform()
  if (answer !== undefined) run.history.push({ kind: 'answer', operation, at: Date.now(), answer })
}

type Reply = { status: number; body: unknown }

async function performing(run: Run, call: Call): Promise<(() => Promise<Answer | undefined>) | undefined> {
  const { program, shopper, admin, skus, name, known } = run
  const reservation = 'slot' in call ? known[call.slot] : undefined
  const path = `/v1/reservations/${reservation?.id}`
  switch (call.do) {
    case 'reserve': {
      const { lines, ttlSeconds } = slotOf(program, call.slot)
      const body = { lines: lines.map(({ sku, quantity }) => ({ sku: skus[sku], quantity })), ttlSeconds }
      return async () => {
        const answer = await told(shopper.post('/v1/reservations', body, { idempotencyKey: `${name}-r${call.slot}` }))
        if (answer?.id !== undefined) known[call.slot] = { id: answer.id, endsAt: answer.expiresAt ?? Infinity }
        return answer
      }
    }
    case 'readStock':
    case 'readSettled':
      return async () => readStock(run)
    case 'sweep':
      return async () => answered(admin.post('/v1/reservations:sweep', {}), () => ({ code: 'OK' }))
    case 'adjust': {
      const { sku, delta } = adjustmentOf(program, call.adjustment)
      const request = { delta, reason: 'counted', clientToken: `${name}-a${call.adjustment}` }
      return async () =>
        answered(admin.post(`/v1/products/${skus[sku]}/stock:adjust`, request), (body) => {
          const { level, replayed } = body as { level: { onHand: number }; replayed: boolean }
          return { code: 'OK', replayed, levels: [[level.onHand]] }
        })
    }
    case 'cancel':
      return reservation && (async () => told(shopper.post(`${path}:cancel`, {})))
    case 'extend':
      return reservation && (async () => told(shopper.post(`${path}:extend`, { ttlSeconds: extensionSeconds })))
    case 'look':
      return reservation && (async () => told(shopper.get(path)))
    case 'checkOut': {
      const request = { reservationId: reservation?.id, paymentToken: call.declined ? 'tok_declined' : 'tok_ok' }
      return reservation && (async () => answered(shopper.post('/v1/checkout', request), orderAnswer))
    }
    case 'cancelOrder': {
      const order = reservation && (await ordersOf(run)).find(({ reservationId }) => reservationId === reservation.id)
      return order && (async () => answered(shopper.post(`/v1/orders/${order.id}:cancel`, {}), orderAnswer))
    }
  }
}

/** What is on its way back after a cancelled order is there. */
async function settled(run: Run): Promise<void> {
  const isReturned = async () => (await ordersOf(run)).every(({ paymentStatus }) => paymentStatus !== 'REFUND_PENDING')
  await waitFor(isReturned, { what: 'cancelled orders to be returned', timeoutMs: 60_000 })
}

async function ordersOf({ shopper }: Run): Promise<OrderReply['order'][]> {
  return (await shopper.get<{ orders: OrderReply['order'][] }>('/v1/orders?pageSize=200')).body.orders
}

async function readStock({ shopper, skus }: Run): Promise<Answer | undefined> {
  return answered(shopper.get(`/v1/availability?${skus.map((sku) => `skus=${sku}`).join('&')}`), (body) => {
    const { availability } = body as { availability: { onHand: number; available: number }[] }
    return { code: 'OK', levels: availability.map(({ onHand, available }) => [onHand, available]) }
  })
}

async function told(call: Promise<Reply>): Promise<Answer | undefined> {
  return answered(call, (body) => {
    const { reservation, replayed } = body as ReservationReply
    const { id, status, expiresAt } = reservation
    return { code: 'OK', id, replayed, status, expiresAt: Date.parse(expiresAt) }
  })
}

function orderAnswer(body: unknown): Answer {
  const { order, replayed } = body as OrderReply
  return { code: 'OK', id: order.id, replayed, status: order.status }
}

/** Codes that leave open whether it was done. */
const outcomeUnknown = new Set(['UNAVAILABLE', 'OVERLOADED', 'DEADLINE_EXCEEDED'])

/** @returns undefined when the outcome is not known */
async function answered(call: Promise<Reply>, read: (body: unknown) => Answer): Promise<Answer | undefined> {
  let reply: Reply
  try {
    reply = await call
  } catch {
    return undefined
  }
  if (reply.status < 300) return read(reply.body)
  const { code } = reply.body as ProblemReply
  return outcomeUnknown.has(code) ? undefined : { code }
}

/** A line for each event. */
export function describeHistory(program: Program, history: History, event?: number): string {
  const calls = new Map(history.flatMap((one) => (one.kind === 'call' ? [[one.operation, one] as const] : [])))
  const start = history[0]?.at ?? 0
  return history
    .map((one, index) => {
      const call = calls.get(one.operation)
      const what = call === undefined ? '' : describeCall(program, call.call)
      const isKnown =
        one.kind === 'answer' || history.some(({ kind, operation }) => kind === 'answer' && operation === one.operation)
      const says = one.kind === 'call' ? (isKnown ? '?' : '? (never answered)') : `: ${describeAnswer(one.answer, start)}`
      const time = `${one.at - start} ms`.padStart(9)
      return `${index === event ? '>' : ' '}${time}  ${' '.repeat(4 * (call?.client ?? 0))}${call?.client}| ${what}${says}`
    })
    .join('\n')
}

function describeAnswer({ code, replayed, status, expiresAt, levels }: Answer, start: number): string {
  const parts = [
    code,
    replayed === true ? 'replayed' : '',
    status ?? '',
    expiresAt === undefined ? '' : `until ${expiresAt - start} ms`,
    levels?.map(([onHand, available]) => (available === undefined ? `${onHand}` : `${available} of ${onHand}`)).join(', ') ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
