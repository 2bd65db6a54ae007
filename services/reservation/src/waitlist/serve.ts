/** Serves the line of a SKU: the first who fit have their units reserved (docs/decisions/035). */
import type { HoldItem, HoldResult } from '@holdfast/contracts/inventory'
import { type CallContext, errorCodes, faultPoint, fromItemError } from '@holdfast/service'

import type { Parts } from '../parts'
import type { EntryRow } from './entry'
import { fingerprintOf, type Held, offer, reservationIdOf } from './offer'
import { findNext } from './sql/entries'
import { endLease, findLine, type Lease, leaseLine, noteTold, renewLease, wakeLines } from './sql/lines'

/** Entries of one call. */
const mostAtOnce = 50
/** Whoever dies while serving a line keeps others from it for so long, in ms; longer than a call may take. */
const leaseMs = 5_000
/** Whatever was missed is looked for again after so long, and inventory is told again, in ms. */
const scanMs = 10_000
/** After a failure, in ms. */
const retryMs = 1_000

/** Serves the line that has been due for the longest. @returns whether there was one @throws what stopped it, after giving the line back */
export async function serveNextLine(parts: Parts, ctx: CallContext): Promise<boolean> {
  const { pool } = parts.database
  const lease = await leaseLine(pool, leaseMs, scanMs)
  if (lease === undefined) return false
  await faultPoint('waitlist.claimed')
  try {
    await serve(parts, lease, ctx)
  } catch (error) {
    await endLease(pool, lease, retryMs)
    throw error
  }
  await endLease(pool, lease)
  return true
}

/** Nothing is locked while inventory is asked (truth 13). */
async function serve(parts: Parts, lease: Lease, ctx: CallContext): Promise<void> {
  const { pool } = parts.database
  const { sku } = lease
  await tell(parts, sku, ctx)
  const tooLarge = new Map<string, number>()
  let after = 0n
  while (await renewLease(pool, lease, leaseMs)) {
    const entries = await findNext(pool, sku, after, tooLarge, mostAtOnce)
    const last = entries.at(-1)
    if (last === undefined) break
    after = last.place
    // As patient as the lease: what has not been answered by then is another's to do.
    const callCtx = { ...ctx, deadline: Date.now() + leaseMs }
    const results = await parts.holds.holdInOrder(
      entries.map((entry) => itemOf(parts, entry, callCtx)),
      callCtx,
    )
    if (results.some(({ hold }) => hold !== undefined)) await faultPoint('waitlist.held')
    // Inventory may decide them in two parts, of which the first fails.
    const failed = entries.findIndex((_, index) => isFailure(results[index]))
    const held = entries.flatMap((entry, index): Held[] => {
      const hold = results[index]?.hold
      return hold === undefined ? [] : [{ entry, hold, ahead: failed >= 0 && index > failed }]
    })
    const outcomes = await offer(parts, sku, held, callCtx)
    if (outcomes.includes('AGAIN')) await parts.database.transaction(async (client) => wakeLines(client, [sku]))
    for (const [index, entry] of entries.entries()) passOver(entry, results[index], tooLarge, ctx)
  }
  await tell(parts, sku, { ...ctx, deadline: Date.now() + leaseMs })
}

/** Inventory keeps what waits from walk-ins. */
async function tell(parts: Parts, sku: string, ctx: CallContext): Promise<void> {
  const line = await findLine(parts.database.pool, sku, scanMs - retryMs)
  if (line === undefined || line.known) return
  await parts.inventory.setWaiting({ waiting: [{ sku, units: line.units, version: line.version }] }, ctx)
  await noteTold(parts.database.pool, line)
}

function itemOf({ waitlist }: Parts, entry: EntryRow, { requestId }: CallContext): HoldItem {
  return {
    id: reservationIdOf(entry),
    owner: entry.userId,
    fingerprint: fingerprintOf(entry),
    ttlSeconds: waitlist.ttlSeconds,
    lines: [{ sku: entry.sku, quantity: entry.quantity, warehouse: '' }],
    requestId,
    strategy: 'COMBINING',
    channel: entry.channel,
    allowSplit: false,
    splitBy: 'FEWEST_PARCELS',
    fromWaitlist: true,
  }
}

/** Nothing is known of what can be had: neither a hold nor a refusal. */
function isFailure(result: HoldResult | undefined): boolean {
  if (result?.hold !== undefined) return false
  if (result?.error === undefined) return true
  const { code } = fromItemError(result.error)
  return code !== 'INSUFFICIENT_STOCK' && (code === 'CONFLICT' || errorCodes[code].http >= 500)
}

/** Who was refused stays where they are. @throws what is no refusal: then nobody behind them is served in their place */
function passOver(entry: EntryRow, result: HoldResult | undefined, tooLarge: Map<string, number>, ctx: CallContext): void {
  if (result?.hold !== undefined) return
  const { channel, quantity } = entry
  if (result?.error === undefined) throw new Error(`entry ${entry.id}: inventory gave no answer`)
  const error = fromItemError(result.error)
  if (isFailure(result)) throw error
  if (error.code === 'INSUFFICIENT_STOCK') tooLarge.set(channel, Math.min(quantity, tooLarge.get(channel) ?? quantity))
  else if (error.code !== 'LIMIT_EXCEEDED')
    ctx.log.warn({ err: error, entryId: entry.id }, 'an entry of the waitlist can not be served; it is passed over')
}
