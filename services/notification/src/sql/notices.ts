import type { Pool, PoolClient } from 'pg'

import type { Notice } from '../mail/notices'

export interface NoticeRow {
  kind: 'ORDER_CONFIRMED' | 'RESERVATION_LAPSING' | 'WAITLIST_OFFERED'
  subject: string
  version: bigint
  status: 'WAITING' | 'SENT' | 'DROPPED'
  user_id: string
  content: {
    lines: { sku: string; quantity: number }[]
    total?: { currency: string; amountMinor: string }
    expiresAt?: string
  }
  send_at: Date
  useless_at: Date
  tries: number
  problem: string
}

/**
 * Takes over what events say; what is not newer changes nothing.
 * Locks: the rows, by their key.
 */
export async function writeNotices(client: PoolClient, notices: readonly Notice[]): Promise<void> {
  if (notices.length === 0) return
  await client.query({
    name: 'write-notices',
    text: `
      insert into notices (kind, subject, version, status, user_id, content, send_at, useless_at, problem)
      select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::json[], $7::timestamptz[],
                           $8::timestamptz[], $9::text[]) as n (kind, subject, version, status, user_id, content, send_at, useless_at, problem)
      order by kind, subject
      on conflict (kind, subject) do update
      set version = excluded.version, status = excluded.status, user_id = excluded.user_id, content = excluded.content,
          send_at = excluded.send_at, useless_at = excluded.useless_at, problem = excluded.problem, tries = 0,
          changed_at = clock_timestamp()
      where notices.version < excluded.version`,
    values: [
      notices.map((notice) => notice.kind),
      notices.map((notice) => notice.subject),
      notices.map((notice) => notice.version),
      notices.map((notice) => notice.status),
      notices.map((notice) => notice.user_id),
      notices.map((notice) => JSON.stringify(notice.content)),
      notices.map((notice) => notice.send_at),
      notices.map((notice) => notice.useless_at),
      notices.map((notice) => notice.problem),
    ],
  })
}

/**
 * Notices whose time has come, put off for as long as they may take: a process that dies leaves them to others.
 * Locks: the rows it takes, for a moment; skips those that others hold.
 */
export async function claimNotices(pool: Pool, seconds: number, limit: number): Promise<NoticeRow[]> {
  const { rows } = await pool.query<NoticeRow>({
    name: 'claim-notices',
    text: `
      update notices n set send_at = clock_timestamp() + $1 * interval '1 s', tries = tries + 1
      where (kind, subject) in (
        select kind, subject from notices
        where status = 'WAITING' and send_at <= (select clock_timestamp())
        order by send_at limit $2 for update skip locked)
      returning kind, subject, version, status, user_id, content, send_at, useless_at, tries, problem`,
    values: [seconds, limit],
  })
  return rows
}

/** Unless an event has changed it meanwhile. @param dropped why it was not sent; undefined: it was */
export async function finishNotice(pool: Pool, notice: NoticeRow, dropped: string | undefined): Promise<void> {
  await pool.query({
    name: 'finish-notice',
    text: `
      update notices set status = $4, problem = $5, changed_at = clock_timestamp()
      where kind = $1 and subject = $2 and version = $3 and status = 'WAITING'`,
    values: [notice.kind, notice.subject, notice.version, dropped === undefined ? 'SENT' : 'DROPPED', dropped ?? ''],
  })
}

/** For 5 s at first, then longer, up to ten minutes. */
export async function putOffNotice(pool: Pool, notice: NoticeRow, problem: string): Promise<void> {
  await pool.query({
    name: 'put-off-notice',
    text: `
      update notices
      set send_at = clock_timestamp() + least(5 * power(2, least(tries - 1, 10)), 600) * (0.75 + random() / 2) * interval '1 s', problem = $4
      where kind = $1 and subject = $2 and version = $3 and status = 'WAITING'`,
    values: [notice.kind, notice.subject, notice.version, problem],
  })
}

/** Drops a part of what was decided long ago: no event of it can come any more. @returns how many */
export async function dropOldNotices(pool: Pool, days: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from notices where (kind, subject) in (
       select kind, subject from notices
       where status <> 'WAITING' and changed_at < (select clock_timestamp()) - $1 * interval '1 day'
       limit $2 for update skip locked)`,
    [days, limit],
  )
  return rowCount ?? 0
}
