import { ActivityRebuildStarted, type RebuildActivityRequest, type RebuildActivityResponse } from '@holdfast/contracts/audit'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, type Database, idempotencyKey, operationId } from '@holdfast/service'

import { findProjection, insertProjection, lockProjections, readProjections } from '../sql/activity-projections'
import { readHead } from '../sql/checkpoints'

/**
 * Begins to make the figures again. One rebuild at a time: whoever asks meanwhile, or with the key of one that was done, is
 * answered with that.
 * @returns `replayed`: nothing was begun, and no event written
 */
export async function rebuildActivity(
  database: Database,
  request: RebuildActivityRequest,
  ctx: CallContext,
): Promise<RebuildActivityResponse> {
  const key = idempotencyKey(ctx, request.clientToken)
  const operation = key === undefined ? undefined : operationId(ctx.actor.id, 'rebuild-activity', key)
  return database.transaction(async (client) => {
    await lockProjections(client)
    const { sequence: headSequence } = await readHead(client)
    const projections = await readProjections(client)
    const asked = operation === undefined ? undefined : await findProjection(client, operation)
    const known = asked ?? projections.find(({ state }) => state === 'BUILDING')
    const { generation, sequence } = known ?? (await insertProjection(client, operation))
    const projection = { generation, sequence, headSequence }
    if (known === undefined) {
      const event = createEvent({
        type: 'holdfast.activity.rebuild_started.v1',
        data: ActivityRebuildStarted.toJSON({ after: projection }),
        key: 'audit',
        subject: 'activity',
        version: BigInt(generation),
        ctx,
      })
      await appendEvents(client, [event])
    }
    return { projection, requestId: ctx.requestId, replayed: known !== undefined }
  })
}
