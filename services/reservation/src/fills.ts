/** Units that were promised to an ACTIVE reservation have arrived: its lines say so. */
import { BackorderFilled, type Hold, Hold_State } from '@holdfast/contracts/inventory'
import { type Consumer, type PublishedEvent, startConsumer, type Transport } from '@holdfast/events'

import { adoptIn } from './adopt'
import { type Parts, serviceName } from './parts'

const filled = 'holdfast.backorder.filled.v1'

/**
 * Hears of fills. What has ended stays as it was then; a hold that was made a moment ago may have no record yet, which is told with the
 * next answer about it, as every answer brings the lines of what was promised.
 */
export async function startFillsConsumer({ database, log, published }: Parts, transport: Transport): Promise<Consumer> {
  return startConsumer({
    name: `${serviceName}-fills`,
    topics: ['holdfast.inventory.v1'],
    wants: [filled],
    transport,
    database,
    log,
    handleBatch: async (client, events) => {
      await adoptIn(
        client,
        events.flatMap((event) => newsOf(event).map((hold) => ({ hold, ctx: event }))),
      )
    },
    afterCommit: published,
  })
}

/** That it was sold is for its checkout to tell, in the name of who bought it. */
function newsOf({ data }: PublishedEvent): Hold[] {
  const { after } = BackorderFilled.fromJSON(data)
  return after?.state === Hold_State.HELD ? [after] : []
}
