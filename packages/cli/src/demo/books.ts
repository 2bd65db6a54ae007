import { setTimeout as sleep } from 'node:timers/promises'

import { ListAuditRecordsResponse, VerifyAuditResponse } from '@holdfast/contracts/audit'
import { CheckConsistencyResponse } from '@holdfast/contracts/inventory'

import { expectStatus } from '../client'
import type { Session } from './session'
import type { Sold } from './shop-day'

/** Records follow the changes; they are waited for so long, in ms. */
const auditMs = 30_000

/** Whether the books balance, and the audit log has it all and is whole. */
export async function checkBooks(session: Session, { orderIds }: Sold): Promise<void> {
  const { client, admin, checks, progress } = session
  progress.say('\nThe books')
  const consistency = await client.call('GET', '/v1/consistency', { token: admin, timeoutMs: 120_000 })
  expectStatus(consistency, [200], 'check the books')
  const { consistent, differences } = CheckConsistencyResponse.fromJSON(consistency.body)
  checks.push({ what: 'the books balance', expected: true, found: consistent })
  for (const { kind, id, expected, found } of differences.slice(0, 5)) {
    session.unexpected.add(`${kind} of ${id}: expected ${expected}, found ${found}`)
  }
  checks.push({
    what: "audit records of the day's orders",
    expected: orderIds.length,
    found: await countRecorded(session, orderIds),
  })
  const verified = await client.call('GET', '/v1/audit:verify', { token: admin, timeoutMs: 600_000 })
  expectStatus(verified, [200], 'verify the audit log')
  const { valid, checked, problem, firstBadSequence } = VerifyAuditResponse.fromJSON(verified.body)
  checks.push({ what: 'the audit log is whole', expected: true, found: valid })
  if (!valid) session.unexpected.add(`audit record ${firstBadSequence}: ${problem}`)
  session.facts.push(`the audit log: ${checked.toLocaleString('en-GB')} records in one chain`)
}

async function countRecorded(session: Session, orderIds: readonly string[]): Promise<number> {
  const giveUpAt = performance.now() + auditMs
  const wanted = new Set(orderIds)
  for (;;) {
    const path = '/v1/audit/records?action=order.confirmed&pageSize=500'
    const reply = await session.client.call('GET', path, { token: session.admin })
    expectStatus(reply, [200], 'read the audit log')
    const { records } = ListAuditRecordsResponse.fromJSON(reply.body)
    const found = records.filter((record) => wanted.has(record.objectId)).length
    if (found >= wanted.size || performance.now() >= giveUpAt) return found
    await sleep(200)
  }
}
