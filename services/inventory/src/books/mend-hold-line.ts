import { type Difference, HoldLineRepaired } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, checkUuid, invalidField } from '@holdfast/service'

import { copyToLine, lockLine, whyDoubtHold } from '../sql/repair'
import type { Books } from './books'
import { inDoubt, noDifference } from './refusals'

const kind = 'hold_line'

/** A line's copies become what its hold says. Locks: the hold, then the line. */
export async function mendHoldLine({ database }: Books, id: string, ctx: CallContext): Promise<Difference> {
  const [first = '', second = '', ...more] = id.split('/')
  if (more.length > 0 || !/^\d{1,9}$/.test(second)) throw invalidField('id', 'must be HOLD/LINE')
  const holdId = checkUuid('id', first)
  const line = Number(second)
  return database.transaction(async (client) => {
    const row = await lockLine(client, holdId, line)
    if (row === undefined || !row.differs) throw noDifference(kind, id)
    if (row.hold_held === null || row.hold_expires_at === null) throw inDoubt(kind, id, 'its hold is gone')
    const why = await whyDoubtHold(client, holdId)
    if (why !== undefined) throw inDoubt(kind, id, `of its hold, ${why}`)
    await copyToLine(client, holdId, line)
    const before = { holdId, line, held: row.held, expiresAt: row.expires_at }
    const after = { holdId, line, held: row.hold_held, expiresAt: row.hold_expires_at }
    await appendEvents(client, [
      createEvent({
        type: 'holdfast.hold_line.repaired.v1',
        data: HoldLineRepaired.toJSON({ before, after }),
        key: row.sku,
        subject: `${holdId}/${line}`,
        // A line has no version; repairs of it come one after the other.
        version: BigInt(Date.now()),
        ctx,
      }),
    ])
    return { kind, id, expected: inWords(after), found: inWords(before) }
  })
}

function inWords({ held, expiresAt }: { held: boolean; expiresAt: Date }): string {
  return `${held ? 'held' : 'not held'} until ${expiresAt.toISOString()}`
}
