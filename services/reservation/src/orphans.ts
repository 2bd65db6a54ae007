/** Holds without a reservation: a crash came between the two, or the reservation could not be written. */
import type { Hold } from '@holdfast/contracts/inventory'
import { type CallContext, faultPoint } from '@holdfast/service'

import type { Parts } from './parts'
import { abandonReservations, claimOf } from './sql/abandon-reservations'
import { findMade } from './sql/find-made'
import { findReservations } from './sql/find-reservations'

export interface OrphanPass {
  released: number
  /** From here on not everything has its reservation, or not yet: the next search may begin here. */
  resumeAt: string
  /** The page that follows; undefined: there is none. */
  next: string | undefined
  /** Everything before `next` has its reservation. */
  clean: boolean
}

/**
 * Looks through the holds that are HELD and old enough. An id without a reservation is claimed first, by an ABANDONED row,
 * and then released: a create that comes late meets the claim. A claim whose hold is still HELD is what a crash between
 * the two left, and is finished.
 * @param from where to begin: '' for the first page
 * @param mostPages ends after so many
 */
export async function releaseOrphans(parts: Parts, ctx: CallContext, from = '', mostPages = Infinity): Promise<OrphanPass> {
  let released = 0
  let resumeAt = from
  let clean = true
  let pageToken = from
  for (let pages = 1; ; pages++) {
    const page = await parts.holds.listHeld(parts.orphanMinAgeMs, pageToken, ctx)
    const orphans = await claimOrphans(parts, page.holds)
    const done = await release(parts, orphans, ctx)
    released += done
    clean &&= done === orphans.length
    // A reservation is never removed, so what has one needs no second look; the last page is not full yet.
    if (clean) resumeAt = pageToken
    if (page.nextPageToken === '') return { released, resumeAt, next: undefined, clean }
    pageToken = page.nextPageToken
    if (pages >= mostPages) return { released, resumeAt: clean ? pageToken : resumeAt, next: pageToken, clean }
  }
}

async function claimOrphans(parts: Parts, holds: Hold[]): Promise<string[]> {
  const known = await findKnown(parts, holds)
  const claims = holds.filter(({ id }) => !known.has(id)).map(claimOf)
  const claimed = claims.length === 0 ? [] : await abandonReservations(parts.database.pool, claims)
  return [...claimed, ...[...known].filter(([, status]) => status === 'ABANDONED').map(([id]) => id)]
}

/** The status of the reservation of each hold that has one: nearly all are found where the holds' age says. */
async function findKnown({ database: { pool } }: Parts, holds: Hold[]): Promise<Map<string, string>> {
  if (holds.length === 0) return new Map()
  const made = await findMade(
    pool,
    holds.map(({ id, createdAt = new Date() }) => ({ id, createdAt })),
  )
  const known = new Map(made.map(({ id, status }) => [id, status]))
  const others = holds.filter(({ id }) => !known.has(id)).map(({ id }) => id)
  if (others.length === 0) return known
  for (const { id, status } of await findReservations(pool, others)) known.set(id, status)
  return known
}

async function release(parts: Parts, ids: string[], ctx: CallContext): Promise<number> {
  if (ids.length === 0) return 0
  await faultPoint('orphans.claimed')
  const results = await parts.holds.releaseAll(ids, ctx)
  const refused = results.filter(({ error }) => error !== undefined)
  ctx.log.warn({ ids: ids.slice(0, 20), count: ids.length, refused: refused.length }, 'holds without a reservation released')
  return ids.length - refused.length
}
