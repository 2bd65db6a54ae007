/**
 * Nobody is in their own way, by whichever door they come: a repeat for the last unit meets one's own hold, what one holds one can buy, and
 * what one let lapse one can have again, though nobody sweeps. And the same SKU twice is one line.
 */
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { CombinedCallServiceService } from '@holdfast/contracts/common'
import { CreateReservationRequest, CreateReservationResponse, ReservationServiceService } from '@holdfast/contracts/reservation'
import { createServiceTokens, fromGrpcError } from '@holdfast/service'
import { type OrderReply, type ReservationReply, waitFor } from '@holdfast/testing'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { checkOut, one, openShop, reserved, type Shop, type Shopper, times } from './shop'

jest.setTimeout(120_000)

let shop: Shop
let shopper: Shopper
let client: Client
beforeAll(async () => {
  shop = await openShop({ env: { SWEEPER: 'off' } })
  shopper = await shop.shopper()
  client = new Client(shop.system.grpc.reservation, credentials.createInsecure())
}, 120_000)
afterAll(async () => {
  client.close()
  await shop.close()
})
afterEach(async () => shop.expectBalanced())

interface Wanted {
  lines: { sku: string; quantity: number }[]
  ttlSeconds?: number
}
interface Got {
  reservationId: string
  lines: { sku: string; quantity: number }[]
}

/** @throws Error when it is refused */
type Door = (wanted: Wanted, key: string) => Promise<Got>

const linesOf = (lines: { sku: string; quantity: number }[]) => lines.map(({ sku, quantity }) => ({ sku, quantity }))

const throughReserve: Door = async (wanted, idempotencyKey) => {
  const { status, body } = await shopper.post<ReservationReply>('/v1/reservations', wanted, { idempotencyKey })
  if (status >= 300) throw new Error(JSON.stringify(body))
  return { reservationId: body.reservation.id, lines: linesOf(body.reservation.lines) }
}

const throughOrder: Door = async (wanted, idempotencyKey) => {
  const { status, body } = await shopper.post<OrderReply>('/v1/orders', wanted, { idempotencyKey })
  if (status >= 300) throw new Error(JSON.stringify(body))
  return { reservationId: body.order.reservationId, lines: linesOf(body.order.lines) }
}

const gotOf = ({ reservation }: CreateReservationResponse): Got => ({
  reservationId: reservation?.id ?? '',
  lines: linesOf(reservation?.lines ?? []),
})

const throughGrpc: Door = async (wanted, clientToken) => {
  const { path, requestSerialize, responseDeserialize } = ReservationServiceService.createReservation
  const request = CreateReservationRequest.fromJSON({ ...wanted, clientToken })
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${shopper.user.token}`)
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      (error: ServiceError | null, response) =>
        error === null ? resolve(gotOf(response ?? CreateReservationResponse.create())) : reject(fromGrpcError(error)),
    )
  })
}

/** As the gateway sends what waits there: three calls at once, the same one each time. */
const throughBatch: Door = async (wanted, clientToken) => {
  const { path, requestSerialize, responseDeserialize } = CombinedCallServiceService.callMany
  const { servicePrivateKeys, servicePublicKeys } = shop.system.keys
  const metadata = new Metadata()
  metadata.set(
    'x-service-token',
    createServiceTokens('gateway', servicePrivateKeys.gateway, servicePublicKeys).issueFor('reservation'),
  )
  const call = {
    request: CreateReservationRequest.encode(CreateReservationRequest.fromJSON({ ...wanted, clientToken })).finish(),
    userToken: shopper.user.token,
    requestId: randomUUID(),
    idempotencyKey: '',
    traceparent: '',
    timeoutMs: 20_000,
  }
  const many = { method: ReservationServiceService.createReservation.path, calls: [call, call, call] }
  const got = await new Promise<Got[]>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      many,
      metadata,
      (error: ServiceError | null, response) => {
        const refused = response?.results.find((result) => result.error !== undefined)?.error
        if (error !== null || response === undefined || refused !== undefined) {
          reject(new Error(refused?.message ?? String(error)))
        } else resolve(response.results.map(({ response: bytes }) => gotOf(CreateReservationResponse.decode(bytes))))
      },
    )
  })
  const [first] = got
  if (first === undefined) throw new Error('no answer')
  for (const other of got) expect(other).toEqual(first)
  return first
}

const doors: [string, Door][] = [
  ['POST /v1/reservations', throughReserve],
  ['POST /v1/orders', throughOrder],
  ['CreateReservation over gRPC', throughGrpc],
  ['calls that travel together', throughBatch],
]

describe.each(doors)('%s', (_name, door) => {
  test('the same SKU twice is one line with the sum', async () => {
    const sku = await shop.product(5)
    const lines = [...one(sku, 2), ...one(sku.toLowerCase(), 3)]
    expect((await door({ lines }, randomUUID())).lines).toEqual([{ sku, quantity: 5 }])
    expect(await shop.available(sku)).toEqual({ onHand: 5, reserved: 5, available: 0 })
    await expect(door({ lines: [...one(sku), ...one(sku)] }, randomUUID())).rejects.toThrow('Not enough stock')
  })

  test('a repeat for the last unit meets one’s own hold, and what one holds one can buy', async () => {
    const sku = await shop.product(1)
    const key = randomUUID()
    const first = await door({ lines: one(sku) }, key)
    for (const repeat of await times(3, async () => door({ lines: one(sku) }, key))) expect(repeat).toEqual(first)
    expect(await shop.available(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 })
    expect((await checkOut(shopper, first.reservationId)).body.order.status).toBe('CONFIRMED')
    expect(await door({ lines: one(sku) }, key)).toEqual(first)
    expect(await shop.available(sku)).toEqual({ onHand: 0, reserved: 0, available: 0 })
  })

  test('what one let lapse one can have again, though nobody sweeps', async () => {
    const sku = await shop.product(1)
    const first = await door({ lines: one(sku), ttlSeconds: 1 }, randomUUID())
    await waitFor(async () => (await holdsOf(sku, 'LAPSED')).length === 1, { what: 'its end', timeoutMs: 30_000 })
    const second = await door({ lines: one(sku) }, randomUUID())
    expect(second.reservationId).not.toBe(first.reservationId)
    expect(await holdsOf(sku)).toMatchObject([{ holdId: second.reservationId, userId: shopper.user.id, state: 'LIVE' }])
  })
})

test('a shopper holds one product by several reservations, and each of them can be bought', async () => {
  const sku = await shop.product(3)
  const made = await times(3, async () => reserved(shopper, one(sku)))
  expect((await holdsOf(sku)).map(({ holdId }) => holdId).sort()).toEqual(made.map(({ id }) => id).sort())
  for (const { id } of made) expect((await checkOut(shopper, id)).body.order.status).toBe('CONFIRMED')
  expect(await holdsOf(sku)).toEqual([])
})

test('the command shows who holds a product, as a table and as JSON', async () => {
  const sku = await shop.product(9)
  const made = await reserved(shopper, one(sku, 4), { ttlSeconds: 4_000 })
  const table = await holdsCommand(sku)
  expect(table.stdout).toMatch(new RegExp(`LIVE +1h 06m \\d\\ds +\\d+s +4 +MAIN +${shopper.user.id} +${made.id}`))
  expect(table.stderr).toBe('holds: 1, units: 4\n')
  const live = (await holdsCommand(sku, '--json', '--state', 'LIVE')).stdout
  expect(JSON.parse(live)).toMatchObject({ holds: [{ holdId: made.id, quantity: 4, state: 'LIVE' }], nextPageToken: '' })
  expect(await holdsCommand(sku, '--state', 'LAPSED')).toMatchObject({ stdout: '', stderr: `Nobody holds ${sku}.\n` })
  await expect(holdsCommand('NONE')).rejects.toMatchObject({ code: 4, stderr: expect.stringContaining('(NOT_FOUND)') })
})

async function holdsCommand(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const main = join(__dirname, '../cli/dist/src/main.js')
  const { email, password } = shop.system.credentials.admin
  const env = { ...process.env, HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password }
  return promisify(execFile)(process.execPath, [main, 'holds', ...args, '--url', shop.system.url], { env })
}

interface HoldJson {
  holdId: string
  userId: string
  state: string
}

async function holdsOf(sku: string, state = ''): Promise<HoldJson[]> {
  const { body } = await shop.admin.get<{ holds: HoldJson[] }>(`/v1/products/${sku}/holds?${state && `state=${state}`}`)
  return body.holds
}
