import { setTimeout as sleep } from 'node:timers/promises'

import type { Session } from './session'
import type { Sold } from './shop-day'

/** Records follow the changes; they are waited for so long, in ms. */
const auditMs = 30_000

/** Whether the books balance, and the audit log has it all and is whole. */
export async function checkBooks(session: Session, { orderIds }: Sold): Promise<void> {
  const { api, admin, checks, progress } = session
  progress.say('\nThe books')
  const checking = admin.checkConsistency({}, { timeoutMs: 120_000 })
  const { consistent, differences } = await api.must('check the books', checking)
  checks.push({ what: 'the books balance', expected: true, found: consistent })
  for (const { kind, id, expected, found } of differences.slice(0, 5)) {
    session.unexpected.add(`${kind} of ${id}: expected ${expected}, found ${found}`)
  }
  checks.push({
    what: "audit records of the day's orders",
    expected: orderIds.length,
    found: await countRecorded(session, orderIds),
  })
  const verifying = admin.verifyAudit({}, { timeoutMs: 600_000 })
  const { valid, checked, problem, firstBadSequence } = await api.must('verify the audit log', verifying)
  checks.push({ what: 'the audit log is whole', expected: true, found: valid })
  if (!valid) session.unexpected.add(`audit record ${firstBadSequence}: ${problem}`)
  session.facts.push(`the audit log: ${Number(checked).toLocaleString('en-GB')} records in one chain`)
}

async function countRecorded({ api, admin }: Session, orderIds: readonly string[]): Promise<number> {
  const giveUpAt = performance.now() + auditMs
  const wanted = new Set(orderIds)
  for (;;) {
    const page = admin.listAuditRecords({ action: 'order.confirmed', pageSize: 500 })
    const { records } = await api.must('read the audit log', page)
    const found = records.filter((record) => wanted.has(record.objectId)).length
    if (found >= wanted.size || performance.now() >= giveUpAt) return found
    await sleep(200)
  }
}
