/** What has to be true when everybody has stopped: nothing that was told is lost, and all books agree. */
import type { System } from '@holdfast/launcher'
import {
  adminToken,
  type Api,
  api,
  type ConsistencyReply,
  notAsTold,
  type SteadyLoad,
  untilAudited,
  waitFor,
} from '@holdfast/testing'

const patience = { timeoutMs: 120_000 }

/** @returns what is wrong, a line each */
export async function wrongInTheEnd(system: System, { told }: Pick<SteadyLoad, 'told'>): Promise<string[]> {
  const admin = api(system.url, { token: await adminToken(system) })
  return [
    ...(await notAsTold(admin, told)),
    ...(await failed(booksBalance(admin))),
    ...(await failed(eachIsAuditedOnce(system, [...told.reservations.keys()]))),
    ...(await failed(auditIsWhole(admin))),
  ]
}

async function booksBalance(admin: Api): Promise<void> {
  const rests = async (): Promise<boolean> => {
    const { status, body } = await admin.get<ConsistencyReply>('/v1/consistency')
    if (status !== 200 || !body.consistent) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.checked['underWay'] === '0'
  }
  await waitFor(rests, { what: 'the books to balance with nothing under way', ...patience })
}

/** Events of earlier processes and of later ones have all come to the audit log, none of them twice. */
async function eachIsAuditedOnce(system: System, reservations: string[]): Promise<void> {
  const again = await untilAudited(system, reservations)
  if (again > 0) throw new Error(`the audit log has ${again} records too many of reservations`)
}

async function auditIsWhole(admin: Api): Promise<void> {
  const { status, body } = await admin.get<{ valid?: boolean }>('/v1/audit:verify')
  if (body.valid !== true) throw new Error(`the audit log is not whole: ${status} ${JSON.stringify(body)}`)
}

/** @returns a line if it was */
async function failed(check: Promise<void>): Promise<string[]> {
  return check.then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  )
}
