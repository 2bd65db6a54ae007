/** Runs a small program against a shop, and keeps what was called and answered, in the order in which it was seen. */
import {
  adminToken,
  type Api,
  api,
  type HistoryEvent,
  type OrderReply,
  type ProblemReply,
  type ReservationReply,
  waitFor,
} from '@holdfast/testing'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Shop } from '../shop'
import { type Action, adjustmentOf, type Call, describeCall, extensionSeconds, lineOf, type Program, slotOf } from './program'
import type { Answer } from './state'

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
  meeting: Meeting
}

/** What is left of a run. */
export interface Ran {
  history: History
  skus: string[]
  shopper: Api
  admin: Api
}

export async function runProgram(shop: Shop, program: Program): Promise<Ran> {
  const [shopper, token, ...skus] = await Promise.all([
    shop.shopper(),
    adminToken(shop.system),
    ...program.stock.map(async (units) => shop.product(units)),
  ])
  const admin = api(shop.system.url, { token })
  const run: Run = {
    program,
    shopper,
    admin,
    skus,
    name: randomUUID(),
    known: [],
    history: [],
    meeting: new Meeting(program.clients),
  }
  await Promise.all(
    program.clients.map(async (actions, client) => {
      for (const action of actions) await act(run, client, action)
    }),
  )
  await settled(run)
  await record(run, program.clients.length, { do: 'readSettled' }, async () => readStock(run))
  return { history: run.history, skus, shopper, admin }
}

async function act(run: Run, client: number, { meet, pause, afterEnd, call }: Action): Promise<void> {
  if (meet) await run.meeting.join()
  await sleep(pause)
  if (afterEnd !== undefined) await sleep(untilNextEnd(run, afterEnd))
  const possible: Call = 'slot' in call && run.known[call.slot] === undefined ? { do: 'reserve', slot: call.slot } : call
  const perform = await performing(run, possible)
  if (perform !== undefined) await record(run, client, possible, perform)
}

/** Only the short ones end while somebody waits; ms. */
function untilNextEnd({ known }: Run, afterEnd: number): number {
  const waits = known.map(({ endsAt }) => endsAt + afterEnd - Date.now()).filter((wait) => wait > 0 && wait < 3_000)
  return waits.length === 0 ? 0 : Math.min(...waits)
}

async function record(run: Run, client: number, call: Call, perform: () => Promise<Answer | undefined>): Promise<void> {
  const operation = run.history.length
  run.history.push({ kind: 'call', operation, client, at: Date.now(), call })
  const answer = await perform()
  if (answer !== undefined) run.history.push({ kind: 'answer', operation, at: Date.now(), answer })
}

/** Where clients wait for one another, once for each of their actions that asks for it. */
class Meeting {
  /** For each time, how many are still to come, and how those that are there go on. */
  private readonly times: { missing: number; goOn: (() => void)[] }[] = []

  constructor(clients: Action[][]) {
    for (const actions of clients) {
      actions
        .filter(({ meet }) => meet)
        .forEach((_, index) => {
          const time = (this.times[index] ??= { missing: 0, goOn: [] })
          time.missing++
        })
    }
  }

  /** Nobody comes to a time before all have left the one before, so the first that lacks somebody is the next. */
  async join(): Promise<void> {
    const time = this.times.find(({ missing }) => missing > 0)
    if (time === undefined) return
    time.missing--
    await new Promise<void>((resolve) => {
      time.goOn.push(resolve)
      if (time.missing === 0) for (const goOn of time.goOn) goOn()
    })
  }
}

type Reply = { status: number; body: unknown }

async function performing(run: Run, call: Call): Promise<(() => Promise<Answer | undefined>) | undefined> {
  const { program, shopper, admin, skus, name, known } = run
  const reservation = 'slot' in call ? known[call.slot] : undefined
  const path = `/v1/reservations/${reservation?.id}`
  const told = async (asked: Promise<Reply>) =>
    answered(asked, (body) => reservationAnswer(run, 'slot' in call ? call.slot : 0, body))
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
    case 'change': {
      const line = { sku: skus[lineOf(program, call).sku], quantity: call.quantity }
      const verb = call.giveBack ? 'release' : 'change'
      return reservation && (async () => told(shopper.post(`${path}:${verb}`, { lines: [line] })))
    }
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

function reservationAnswer({ program, skus }: Run, slot: number, body: unknown): Answer {
  const { reservation, replayed } = body as ReservationReply
  const { id, status, expiresAt, lines } = reservation
  const units = slotOf(program, slot).lines.map(({ sku }) =>
    lines.reduce((sum, line) => sum + (line.sku === skus[sku] ? line.quantity : 0), 0),
  )
  return { code: 'OK', id, replayed, status, expiresAt: Date.parse(expiresAt), units }
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
  const { requestId } = reply.body as { requestId?: string }
  if (reply.status < 300) return { ...read(reply.body), ...(requestId !== undefined && { requestId }) }
  const { code } = reply.body as ProblemReply
  return outcomeUnknown.has(code) ? undefined : { code }
}

/** A line for each event; `?` is a call, `:` its answer. */
export function describeHistory(program: Program, history: History): string {
  const calls = new Map(history.flatMap((event) => (event.kind === 'call' ? [[event.operation, event] as const] : [])))
  const start = history[0]?.at ?? 0
  return history
    .map((event) => {
      const { client = 0, call } = calls.get(event.operation) ?? {}
      const what = call === undefined ? '' : describeCall(program, call)
      const says = event.kind === 'call' ? ' ?' : `: ${describeAnswer(event.answer, start)}`
      return `${`${event.at - start} ms`.padStart(10)}  ${' '.repeat(4 * client)}${client}| ${what}${says}`
    })
    .join('\n')
}

function describeAnswer({ code, replayed, status, expiresAt, units, levels }: Answer, start: number): string {
  const parts = [
    code,
    replayed === true ? 'replayed' : '',
    status ?? '',
    units === undefined ? '' : `units ${units.join(' + ')}`,
    expiresAt === undefined ? '' : `until ${expiresAt - start} ms`,
    levels?.map(([onHand, available]) => (available === undefined ? `${onHand}` : `${available} of ${onHand}`)).join(', ') ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
