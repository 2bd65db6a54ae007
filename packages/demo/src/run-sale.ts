import { createClient } from '@holdfast/client'
import { HoldfastError, systemContext } from '@holdfast/service'

import { checkBooks } from './check-books'
import { inTurns } from './in-turns'
import { type Parts, serviceName } from './parts'
import type { Sale } from './sale'
import { Shoppers } from './shoppers'

/** Requests of the race under way at once; who comes later waits for a connection. The benchmark's figures are made with as many. */
const racersAtOnce = 300
/** A payment is a conversation of several services: more at a time would only wait. */
const payersAtOnce = 32
/** Of the winners one in so many lets go. */
const letsGoEvery = 5
/** The gateway signs so many tokens for one call. */
const tokensAtOnce = 200

/** Pauses from 0.1 s on, each twice as long: shoppers outlast a gateway that is started again. */
const patience = { tries: 9, maxWaitMs: 15_000 }

interface Winner {
  shopper: number
  reservationId: string
}

/** Plays a sale to its end, and leaves nothing held. Never rejects. */
export async function runSale(sale: Sale, parts: Parts): Promise<void> {
  const shop = createClient({ url: parts.gatewayUrl, ...patience, onRetry: () => sale.repeated++ })
  /** Who holds a unit now. */
  const holding = new Map<number, string>()
  let shoppers: Shoppers | undefined
  try {
    await sale.whenWatched()
    shoppers = new Shoppers(shop, sale, await invite(parts, sale))
    sale.enters('SELLING')
    const refused = await race(sale, shoppers, holding)
    sale.enters('PAYING')
    await settle(sale, shoppers, holding, refused)
    sale.enters('CHECKING')
    sale.books = await checkBooks(parts, sale)
    sale.ends('DONE')
  } catch (error) {
    if (!sale.signal.aborted) parts.log.error({ err: error, sale: sale.id }, 'a sale failed')
    await giveBack(shoppers, holding)
    if (sale.signal.aborted) sale.ends('STOPPED')
    else sale.ends('FAILED', HoldfastError.from(error).message)
  }
}

/** A token for each shopper. */
async function invite({ gateway, log }: Parts, { plan: { shoppers } }: Sale): Promise<string[]> {
  const tokens: string[] = []
  while (tokens.length < shoppers) {
    const count = Math.min(tokensAtOnce, shoppers - tokens.length)
    const { accessTokens } = await gateway.issueGuestTokens({ count }, systemContext(serviceName, log))
    tokens.push(...accessTokens)
  }
  return tokens
}

/** Everybody wants one. @returns who was told that there is none left, in that order */
async function race(sale: Sale, shoppers: Shoppers, holding: Map<number, string>): Promise<number[]> {
  const refused: number[] = []
  await inTurns(Array.from({ length: sale.plan.shoppers }).keys(), racersAtOnce, async (shopper) => {
    await sale.whenWatched()
    sale.asks(shopper)
    const askedAt = performance.now()
    const reply = await shoppers.reserve(shopper, 'race')
    const waitedMs = performance.now() - askedAt
    switch (reply.kind) {
      case 'won':
        holding.set(shopper, reply.reservationId)
        sale.wins(shopper, waitedMs, reply.reservationId)
        break
      case 'refused':
        refused.push(shopper)
        sale.isRefused(shopper, waitedMs)
        break
      case 'failed':
        sale.givesUp(shopper, reply.why)
    }
  })
  return refused
}

/** Most winners pay, some let go; then those who were refused ask again, in their turn, while there is something to be had. */
async function settle(sale: Sale, shoppers: Shoppers, holding: Map<number, string>, refused: readonly number[]): Promise<void> {
  const winners = [...holding].map(([shopper, reservationId], index) => ({ shopper, reservationId, index }))
  await inTurns(winners.values(), payersAtOnce, async ({ index, ...winner }) => {
    await sale.whenWatched()
    if (index % letsGoEvery === letsGoEvery - 1) await letGo(sale, shoppers, holding, winner)
    else await pay(sale, shoppers, holding, winner)
  })
  let asking = 0
  await inTurns(refused.values(), Math.min(payersAtOnce, sale.cameBack), async (shopper) => {
    await sale.whenWatched()
    if (sale.cameBack <= asking) return
    asking++
    const reply = await shoppers.reserve(shopper, 'second').finally(() => asking--)
    if (reply.kind === 'failed') sale.givesUp(shopper, reply.why)
    if (reply.kind !== 'won') return
    const { reservationId } = reply
    holding.set(shopper, reservationId)
    sale.getsSecondChance(shopper)
    await pay(sale, shoppers, holding, { shopper, reservationId })
  })
}

async function pay(sale: Sale, shoppers: Shoppers, holding: Map<number, string>, { shopper, reservationId }: Winner) {
  const problem = await shoppers.pay(shopper, reservationId)
  if (problem !== undefined) return sale.givesUp(shopper, problem)
  holding.delete(shopper)
  sale.pays(shopper)
}

async function letGo(sale: Sale, shoppers: Shoppers, holding: Map<number, string>, { shopper, reservationId }: Winner) {
  const problem = await shoppers.letGo(shopper, reservationId)
  if (problem !== undefined) return sale.givesUp(shopper, problem)
  holding.delete(shopper)
  sale.letsGo(shopper)
}

/** What can't be given back lapses. */
async function giveBack(shoppers: Shoppers | undefined, holding: ReadonlyMap<number, string>): Promise<void> {
  await inTurns(holding.entries(), payersAtOnce, async ([shopper, reservationId]) => {
    await shoppers?.letGo(shopper, reservationId)
  })
}
