import type { CreateWaitlistEntryRequest } from '@holdfast/contracts/reservation'
import { appendEvents } from '@holdfast/events'
import {
  type CallContext,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  invalidField,
  operationId,
  timeOrderedId,
} from '@holdfast/service'
import type { PoolClient } from 'pg'

import { ownerOf } from '../create'
import { keyReused } from '../operation'
import type { Parts } from '../parts'
import { checkOne } from '../wanted'
import type { EntryRow } from './entry'
import { joinedEvent } from './events'
import { countEntries } from './metrics'
import { countLive, findEntry, findLiveEntry, insertEntry, lockUser, type NewEntry } from './sql/entries'
import { addToLine } from './sql/lines'

export interface Joined {
  row: EntryRow
  /** It was there before this request. */
  replayed: boolean
}

/** An entry, with or without a key of its own. */
type Wish = NewEntry & { keyed: boolean }

/**
 * Stands in line. With a key the entry is the key's: a repeat is answered with it, whatever became of it. Without one, what is asked for
 * again in the same words is the live entry.
 * @throws ALREADY_EXISTS when the user waits for it already, NOT_FOUND, LIMIT_EXCEEDED
 */
export async function join(parts: Parts, request: CreateWaitlistEntryRequest, ctx: CallContext): Promise<Joined> {
  const userId = ownerOf(ctx)
  const wanted = checkOne(request.sku, request.quantity, request.channel)
  const key = idempotencyKey(ctx, request.clientToken)
  const wish: Wish = {
    id: key === undefined ? timeOrderedId() : operationId(userId, 'join-waitlist', key),
    keyed: key !== undefined,
    userId,
    ...wanted,
    fingerprint: fingerprint([wanted.sku, wanted.quantity, wanted.channel]),
  }
  const { database } = parts
  const known = await findKnown(database.pool, wish)
  if (known !== undefined) return known
  await checkProduct(parts, wanted, ctx)
  const joined = await database.transaction(async (client) => insert(parts, client, wish, ctx))
  if (!joined.replayed) {
    countEntries('joined')
    parts.published()
    parts.wakeWaitlist()
  }
  return joined
}

async function insert(parts: Parts, client: PoolClient, wish: Wish, ctx: CallContext): Promise<Joined> {
  await lockUser(client, wish.userId)
  const known = await findKnown(client, wish)
  if (known !== undefined) return known
  const { mostPerUser } = parts.waitlist
  if ((await countLive(client, wish.userId)) >= mostPerUser) {
    throw new HoldfastError('LIMIT_EXCEEDED', `At most ${mostPerUser} entries on the waitlist at once`)
  }
  await addToLine(client, wish.sku, wish.quantity)
  const row = await insertEntry(client, wish)
  await appendEvents(client, [joinedEvent(row, ctx)])
  return { row, replayed: false }
}

async function findKnown(db: Parameters<typeof findEntry>[0], wish: Wish): Promise<Joined | undefined> {
  const own = wish.keyed ? await findEntry(db, wish.id) : undefined
  if (own !== undefined) {
    if (own.userId !== wish.userId || own.fingerprint !== wish.fingerprint) throw keyReused()
    return { row: own, replayed: true }
  }
  const live = await findLiveEntry(db, wish.userId, wish.sku)
  if (live === undefined) return undefined
  if (!wish.keyed && live.fingerprint === wish.fingerprint) return { row: live, replayed: true }
  const message = `waits for ${live.quantity} already, as entry ${live.id}`
  throw new HoldfastError('ALREADY_EXISTS', `You are on the waitlist for ${wish.sku} already`, {
    fields: [{ field: 'sku', message }],
  })
}

/** @throws NOT_FOUND for a product or channel that there is not, INVALID_ARGUMENT for a bundle */
async function checkProduct(
  { inventory }: Parts,
  { sku, channel }: { sku: string; channel: string },
  ctx: CallContext,
): Promise<void> {
  const { product } = await inventory.getProduct({ sku }, ctx)
  if (product !== undefined && product.parts.length > 0) throw invalidField('sku', 'is a bundle: wait for one of its parts')
  if (channel !== '') await inventory.getAvailability({ skus: [sku], channel }, ctx)
}
