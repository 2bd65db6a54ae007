/**
 * Sends notices when their time has come. Each is sent once as far as this service knows: a process that dies between the
 * mail server's answer and its note leaves it to be sent again, under the same Message-ID.
 */
import { counter, type Database, faultPoint, type Logger, operationId, startWorker, type Worker } from '@holdfast/service'

import { claimNotices, finishNotice, type NoticeRow, putOffNotice } from '../sql/notices'
import { type Mailer, MailRefused } from './mailer'
import { textOf } from './texts'
import type { Users } from './users'

export interface NoticeSenderOptions {
  database: Database
  mailer: Mailer
  users: Users
  log: Logger
}

/** Notices of one pass, and how many of them at once. */
const batch = 20
/** Between two looks that found nothing, in ms: so late may a reminder be. */
const pauseMs = 500
/** Longer than the tries of a batch take together, so that no other process takes them meanwhile, in s. */
const claimS = 120

const sent = counter('notices_total', 'Notices by e-mail', ['result'])
for (const result of ['sent', 'dropped', 'failed']) sent.inc({ result }, 0)

export function startNoticeSender(options: NoticeSenderOptions): Worker {
  return startWorker({
    name: 'notices',
    pauseMs,
    log: options.log,
    pass: async () => {
      const due = await claimNotices(options.database.pool, claimS, batch)
      await Promise.all(due.map(async (notice) => deliver(options, notice)))
      return due.length === batch
    },
  })
}

async function deliver({ database, mailer, users, log }: NoticeSenderOptions, notice: NoticeRow): Promise<void> {
  const { kind, subject } = notice
  try {
    const dropped = await send(mailer, users, notice)
    sent.inc({ result: dropped === undefined ? 'sent' : 'dropped' })
    await finishNotice(database.pool, notice, dropped)
    if (dropped !== undefined) log.info({ kind, subject, why: dropped }, 'a notice was dropped')
  } catch (error) {
    sent.inc({ result: 'failed' })
    await putOffNotice(database.pool, notice, error instanceof Error ? error.message.slice(0, 500) : 'it failed')
    log.warn({ err: error, kind, subject, tries: notice.tries }, 'a notice could not be sent; again later')
  }
}

/** @returns why it is not to be sent at all */
async function send(mailer: Mailer, users: Users, notice: NoticeRow): Promise<string | undefined> {
  if (notice.useless_at.getTime() <= Date.now()) return 'it is too late'
  const to = await users.addressOf(notice.user_id)
  if (to === undefined) return 'there is no such user'
  const id = operationId(notice.kind, notice.subject, notice.version.toString())
  try {
    await mailer.send({ id, to, ...textOf(notice) })
    await faultPoint('notice.sent')
    return undefined
  } catch (error) {
    if (error instanceof MailRefused) return `refused: ${error.message.slice(0, 500)}`
    throw error
  }
}
