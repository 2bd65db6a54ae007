/**
 * Thousands of connections that send nothing, half a request, or a body a byte at a time, while shoppers buy.
 * HOLDFAST_SLOW_CONNECTIONS says how many (CI has fewer than an attack would); what they cost is printed.
 */
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'

import { waitFor } from '@holdfast/testing'

import { checkOut, one, openShop, reserved, type Shop, type Shopper } from './shop'

const count = Number(process.env.HOLDFAST_SLOW_CONNECTIONS ?? 2_000)
/** At once, so that the listener's backlog is no part of the test. */
const batch = 100
/** Far more than one needs (15 KiB were measured), and far less than would matter. */
const mostBytesEach = 100 * 1024

let shop: Shop

beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => shop?.close())

const beginnings = [
  '',
  'GET /v1/products HTTP/1.1\r\nHost: ',
  'POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
]

/** Keeps so many connections open: one that is cut off comes back. */
class Attack {
  private readonly open = new Set<Socket>()
  private stopped = false
  came = 0

  get size(): number {
    return this.open.size
  }

  async begin(port: number): Promise<void> {
    for (let from = 0; from < count; from += batch) {
      await Promise.all(Array.from({ length: Math.min(batch, count - from) }, async (_, index) => this.one(port, from + index)))
    }
  }

  stop(): void {
    this.stopped = true
    for (const socket of this.open) socket.destroy()
  }

  private async one(port: number, index: number): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    this.open.add(socket)
    socket
      .on('error', () => undefined)
      .on('close', () => {
        this.open.delete(socket)
        if (!this.stopped) void this.one(port, index)
      })
    await new Promise<void>((resolve) => {
      socket.once('close', resolve)
      socket.once('connect', () => {
        this.came++
        socket.write(beginnings[index % beginnings.length] ?? '')
        socket.resume()
        resolve()
      })
    })
  }
}

/** @returns undefined where the system does not tell */
async function memoryOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

test(`${count} slow connections keep nobody from buying, and cost little`, async () => {
  const pid = shop.system.pid('gateway') ?? 0
  const sku = await shop.product(100_000)
  const shopper = await shop.shopper()
  await buy(shopper, sku)
  const before = await memoryOf(pid)
  const attack = new Attack()
  try {
    await attack.begin(Number(new URL(shop.system.url).port))
    await waitFor(() => attack.size >= count * 0.9, { what: 'the slow connections to stand' })
    const during = await memoryOf(pid)
    // Long enough for the first of them to be cut off and to come again.
    await waitFor(
      async () => {
        await buy(shopper, sku)
        await buy(await shop.shopper(), sku)
        return attack.came > count
      },
      { what: 'slow connections to be cut off', timeoutMs: 90_000 },
    )
    expect(shop.system.pid('gateway')).toBe(pid)
    if (before !== undefined && during !== undefined) {
      const each = (during - before) / count
      process.stdout.write(
        `${count} slow connections: ${((during - before) / 2 ** 20).toFixed(1)} MiB, ${(each / 1024).toFixed(1)} KiB each\n`,
      )
      expect(each).toBeLessThan(mostBytesEach)
    }
  } finally {
    attack.stop()
  }
}, 180_000)

async function buy(shopper: Shopper, sku: string): Promise<void> {
  const { id } = await reserved(shopper, one(sku))
  expect((await checkOut(shopper, id)).body).toMatchObject({ order: { status: 'CONFIRMED' } })
}
