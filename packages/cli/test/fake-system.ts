import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

interface Line {
  sku: string
  quantity: number
}

/** Of any of the requests. */
interface Body {
  sku: string
  delta: number
  lines: Line[]
  ttlSeconds: number
  reservationId: string
}

interface Held {
  id: string
  lines: Line[]
  status: string
  endsAt: number
}

export interface FakeSystem {
  url: string
  /** What `sweep` is answered. */
  swept: { expired: number; orphans: number }
  /** Set: reserving does not look whether there is enough. */
  oversells: boolean
  /** Set: so many calls are first told to come back. */
  refusals: number
  /** What was asked, and with which Authorization. */
  seen: { path: string; authorization: string | undefined }[]
  close: () => Promise<void>
}

type Answer = [status: number, body: unknown]

const refusal = (status: number, code: string, detail = code): Answer => [
  status,
  { type: `/docs/errors#${code}`, title: code, status, detail, code, requestId: 'r', errors: [] },
]

/** Just enough of a system, in memory, to play the demo against: the shapes of the JSON routes, and honest arithmetic. */
export async function startFakeSystem(): Promise<FakeSystem> {
  const onHand = new Map<string, number>()
  const reservations = new Map<string, Held>()
  const orders: string[] = []
  const server = createServer((request, response) => void answer(request, response))
  const fake: FakeSystem = {
    url: '',
    swept: { expired: 2, orphans: 1 },
    oversells: false,
    refusals: 0,
    seen: [],
    close: async () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }

  const reservedOf = (sku: string): number =>
    [...reservations.values()]
      .filter((held) => statusOf(held) === 'ACTIVE')
      .flatMap(({ lines }) => lines)
      .filter((line) => line.sku === sku)
      .reduce((sum, { quantity }) => sum + quantity, 0)

  const reserve = (lines: Line[], ttlSeconds: number): Answer => {
    const wanted = new Map<string, number>()
    for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
    const short = [...wanted].some(([sku, units]) => (onHand.get(sku) ?? 0) - reservedOf(sku) < units)
    if (short && !fake.oversells) return refusal(409, 'INSUFFICIENT_STOCK', 'not enough')
    const held = { id: randomUUID(), lines, status: 'ACTIVE', endsAt: Date.now() + ttlSeconds * 1000 }
    reservations.set(held.id, held)
    return [201, { reservation: show(held) }]
  }

  const checkOut = (id: string): Answer => {
    const held = reservations.get(id)
    if (held === undefined || statusOf(held) !== 'ACTIVE') return refusal(409, 'RESERVATION_NOT_ACTIVE')
    held.status = 'COMMITTED'
    for (const { sku, quantity } of held.lines) onHand.set(sku, (onHand.get(sku) ?? 0) - quantity)
    const orderId = randomUUID()
    orders.push(orderId)
    return [201, { order: { id: orderId, status: 'CONFIRMED', lines: held.lines } }]
  }

  const routes: [RegExp, (path: RegExpExecArray, body: Body, url: URL) => Answer][] = [
    [/^POST \/v1\/auth\/(login|register)$/, () => [200, { accessToken: randomUUID() }]],
    [
      /^POST \/v1\/products$/,
      (_path, { sku }) => {
        if (onHand.has(sku)) return refusal(409, 'ALREADY_EXISTS')
        onHand.set(sku, 0)
        return [201, { product: { sku } }]
      },
    ],
    [
      /^POST \/v1\/products\/(.+)\/stock:adjust$/,
      ([, sku = ''], { delta }) => {
        onHand.set(sku, (onHand.get(sku) ?? 0) + delta)
        return [200, {}]
      },
    ],
    [
      /^GET \/v1\/availability$/,
      (_path, _body, url) => {
        const levels = url.searchParams
          .getAll('skus')
          .map((sku) => ({ sku, all: onHand.get(sku) ?? 0, reserved: reservedOf(sku) }))
        return [
          200,
          { availability: levels.map(({ sku, all, reserved }) => ({ sku, onHand: all, reserved, available: all - reserved })) },
        ]
      },
    ],
    [/^POST \/v1\/reservations$/, (_path, { lines, ttlSeconds }) => reserve(lines, ttlSeconds)],
    [/^POST \/v1\/reservations:sweep$/, () => [200, fake.swept]],
    [
      /^POST \/v1\/reservations\/(.+):cancel$/,
      ([, id = '']) => {
        const held = reservations.get(id)
        if (held !== undefined) held.status = 'CANCELLED'
        return [200, {}]
      },
    ],
    [
      /^GET \/v1\/reservations\/(.+)$/,
      ([, id = '']) => {
        const held = reservations.get(id)
        return held === undefined ? refusal(404, 'NOT_FOUND') : [200, { reservation: show(held) }]
      },
    ],
    [/^POST \/v1\/checkout$/, (_path, { reservationId }) => checkOut(reservationId)],
    [/^GET \/v1\/consistency$/, () => [200, { consistent: [...onHand.values()].every((units) => units >= 0), differences: [] }]],
    [
      /^GET \/v1\/audit\/records$/,
      () => [200, { records: orders.map((objectId, index) => ({ sequence: String(index + 1), objectId })) }],
    ],
    [/^GET \/v1\/audit:verify$/, () => [200, { valid: true, checked: '42' }]],
  ]

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake')
    fake.seen.push({ path: url.pathname, authorization: request.headers.authorization })
    const body = request.method === 'POST' ? ((await json(request)) as Body) : noBody
    const [status, content] = fake.refusals-- > 0 ? overloaded : route(`${request.method} ${url.pathname}`, body, url)
    response.writeHead(status, { 'content-type': 'application/json', ...(status === 503 && { 'retry-after': '0.1' }) })
    response.end(JSON.stringify(content))
  }

  function route(line: string, body: Body, url: URL): Answer {
    for (const [pattern, handle] of routes) {
      const path = pattern.exec(line)
      if (path !== null) return handle(path, body, url)
    }
    return refusal(404, 'NOT_FOUND', line)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return fake
}

const noBody: Body = { sku: '', delta: 0, lines: [], ttlSeconds: 0, reservationId: '' }

const overloaded = refusal(503, 'OVERLOADED')

const statusOf = ({ status, endsAt }: Held): string => (status === 'ACTIVE' && endsAt <= Date.now() ? 'EXPIRED' : status)

const show = (held: Held) => ({ id: held.id, status: statusOf(held), lines: held.lines })
