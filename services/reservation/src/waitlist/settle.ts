import { appendEvents } from '@holdfast/events'
import type { CallContext } from '@holdfast/service'

import type { Parts } from '../parts'
import { endedEvent } from './events'
import { countEntries } from './metrics'
import { lockEndedOffers, moveEntries } from './sql/entries'

/** Entries of one transaction. */
const batch = 100

/** Offers whose reservation has ended take over how. @returns whether there may be more */
export async function settleOffers(parts: Parts, ctx: CallContext): Promise<boolean> {
  const ended = await parts.database.transaction(async (client) => {
    const offers = await lockEndedOffers(client, batch)
    if (offers.length === 0) return offers
    const moved = await moveEntries(
      client,
      offers.map(({ row: { id }, status }) => ({ id, status })),
    )
    await appendEvents(
      client,
      offers.map(({ row, status }) => endedEvent(status, row, moved.get(row.id) ?? row, ctx)),
    )
    return offers
  })
  if (ended.length === 0) return false
  parts.published()
  const sold = ended.filter(({ status }) => status === 'FULFILLED').length
  countEntries('fulfilled', sold)
  countEntries('lapsed', ended.length - sold)
  return ended.length === batch
}
