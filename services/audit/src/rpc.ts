import type { AuditServiceService } from '@holdfast/contracts/audit'
import type { Database, Handlers } from '@holdfast/service'

import { get, list } from './list'
import type { Verifier } from './verify'

/** What this service does. Who may call is in the proto. */
export function auditRpc({
  database,
  verifier,
}: {
  database: Database
  verifier: Verifier
}): Handlers<typeof AuditServiceService> {
  return {
    listAuditRecords: async (request) => list(database, request),

    getAuditRecord: async (request, ctx) => ({ record: await get(database, request.sequence), requestId: ctx.requestId }),

    verifyAudit: async (_request, ctx) => {
      const { finding, checked, lastHash } = await verifier.verify(ctx)
      return {
        valid: finding === undefined,
        checked,
        firstBadSequence: finding?.sequence ?? 0n,
        problem: finding?.problem ?? '',
        headHash: lastHash,
        requestId: ctx.requestId,
      }
    },
  }
}
