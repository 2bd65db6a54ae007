import type { AuditServiceService } from '@holdfast/contracts/audit'
import type { Database, Handlers } from '@holdfast/service'

import { getActivity } from './activity/get-activity'
import { rebuildActivity } from './activity/rebuild'
import type { CheckpointKey } from './checkpoint'
import { get, list } from './list'
import { readHead } from './sql/checkpoints'
import type { Verifier } from './verify'

interface Parts {
  database: Database
  verifier: Verifier
  key: CheckpointKey
  /** Called after a commit that began a rebuild, and wrote its event. */
  rebuildStarted: () => void
}

/** What this service does. Who may call is in the proto. */
export function auditRpc({ database, verifier, key, rebuildStarted }: Parts): Handlers<typeof AuditServiceService> {
  return {
    listAuditRecords: async (request) => list(database, request),

    getAuditRecord: async (request, ctx) => ({ record: await get(database, request.sequence), requestId: ctx.requestId }),

    getAuditCheckpoint: async (_request, ctx) => ({
      checkpoint: key.sign(await readHead(database.pool)),
      requestId: ctx.requestId,
    }),

    verifyAudit: async ({ checkpoint }, ctx) => {
      const kept = checkpoint === '' ? undefined : key.read(checkpoint)
      const { finding, checked, lastHash } = await verifier.verify(ctx, kept)
      return {
        valid: finding === undefined,
        checked,
        firstBadSequence: finding?.sequence ?? 0n,
        problem: finding?.problem ?? '',
        headHash: lastHash,
        requestId: ctx.requestId,
      }
    },

    getActivity: async (request, ctx) => getActivity(database, request, ctx),

    rebuildActivity: async (request, ctx) => {
      const response = await rebuildActivity(database, request, ctx)
      if (!response.replayed) rebuildStarted()
      return response
    },
  }
}
