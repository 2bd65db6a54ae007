import { setTimeout as sleep } from 'node:timers/promises'

import type { Client, HoldfastApiError, Reservation } from '@holdfast/client'
import { sampleProducts } from '@holdfast/launcher'

import { cancel, isReserved, isSoldOut, readStatus, reserve } from './reserve'
import { count, type Session } from './session'
import { makeProducts, readStock, setStock } from './stock'

const sku = 'CAMERA001'
const cameras = 3
const oneCamera = [{ sku, quantity: 1 }]
/** Longer than the race takes, in seconds. */
const ttlSeconds = 300
const shortTtlSeconds = 2

interface Winner {
  shopper: Client
  reservation: Reservation
}

/** Everybody wants one of three cameras; then one who has one lets it lapse. */
export async function race(session: Session): Promise<void> {
  const { progress, shoppers, checks, facts } = session
  progress.say(`\nA race: ${shoppers.length} shoppers, ${cameras} cameras`)
  await makeProducts(
    session,
    sampleProducts.filter((product) => product.sku === sku).map((product) => ({ ...product, currency: 'USD' })),
  )
  await setStock(session, new Map([[sku, cameras]]))

  const step = progress.begin('reserving, all at once', shoppers.length)
  const replies = await Promise.all(
    shoppers.map(async (shopper) => {
      const reply = await reserve(session, shopper, oneCamera, ttlSeconds)
      step.tick()
      return { shopper, reply }
    }),
  )
  const ms = step.end()
  const answers = replies.map(({ reply }) => reply)
  count(session, answers, (reply) => isReserved(reply) || isSoldOut(reply))
  checks.push({ what: 'shoppers who got a camera', expected: cameras, found: answers.filter(isReserved).length })
  checks.push({
    what: 'shoppers told INSUFFICIENT_STOCK',
    expected: shoppers.length - cameras,
    found: answers.filter(isSoldOut).length,
  })
  facts.push(`the race: ${shoppers.length} requests in ${(ms / 1000).toFixed(2)} s, ${perSecond(shoppers.length, ms)} a second`)

  const winners = replies.flatMap(({ shopper, reply }): Winner[] => (isReserved(reply) ? [{ shopper, reservation: reply }] : []))
  const losers = replies.filter(({ reply }) => !isReserved(reply)).map(({ shopper }) => shopper)
  await lapse(session, winners, losers)
  const free = (await readStock(session, [sku])).get(sku)?.available ?? 0
  checks.push({ what: 'cameras free when all have given theirs back', expected: cameras, found: free })
}

/** One winner takes a short reservation instead and does nothing; the next shopper gets that camera. In the end all is given back. */
async function lapse(session: Session, winners: Winner[], losers: Client[]): Promise<void> {
  const { checks, progress } = session
  const [careless, ...others] = winners
  const waiting = losers.values()
  const impatient = waiting.next().value
  if (careless === undefined || impatient === undefined) {
    checks.push({ what: 'somebody who won and somebody who did not', expected: true, found: false })
    for (const { shopper, reservation } of winners) await cancel(session, shopper, reservation)
    return
  }
  await cancel(session, careless.shopper, careless.reservation)
  const short = await reserve(session, careless.shopper, oneCamera, shortTtlSeconds)
  const lapsesAt = performance.now() + shortTtlSeconds * 1000
  const early = await reserve(session, impatient, oneCamera, ttlSeconds)
  checks.push({ what: 'the next shopper, while all cameras are held', expected: 'INSUFFICIENT_STOCK', found: outcome(early) })
  progress.say(`  one winner lets a reservation of ${shortTtlSeconds} s lapse ...`)
  await sleep(Math.max(0, lapsesAt - performance.now()))

  const next = await firstServed(session, waiting)
  checks.push({
    what: 'the next shopper, when one has lapsed',
    expected: 'reserved',
    found: next === undefined ? 'nothing' : 'reserved',
  })
  const status = isReserved(short) ? await readStatus(session, careless.shopper, short) : 'never made'
  checks.push({ what: 'the reservation that lapsed', expected: 'EXPIRED', found: status })

  const hasty = isReserved(early) ? [{ shopper: impatient, reservation: early }] : []
  const active = [...others, ...(next ? [next] : []), ...hasty]
  for (const { shopper, reservation } of active) await cancel(session, shopper, reservation)
}

/** The time of the end is the system's, not ours: those who wait ask a few times, each a shopper of their own. */
async function firstServed(session: Session, waiting: Iterator<Client>): Promise<Winner | undefined> {
  for (let tries = 0; tries < 10; tries++) {
    const shopper = waiting.next().value as Client | undefined
    if (shopper === undefined) return undefined
    const reply = await reserve(session, shopper, oneCamera, ttlSeconds)
    if (isReserved(reply)) return { shopper, reservation: reply }
    await sleep(100)
  }
  return undefined
}

function outcome(reply: Reservation | HoldfastApiError): string {
  if (isReserved(reply)) return 'reserved'
  return isSoldOut(reply) ? 'INSUFFICIENT_STOCK' : `status ${reply.status}`
}

export function perSecond(number: number, ms: number): string {
  return Math.round((number * 1000) / Math.max(ms, 1)).toLocaleString('en-GB')
}
