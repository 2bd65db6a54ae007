import { jsonLines, readJsonLines, textArray, toLines } from '@holdfast/service'
import type { Pool, QueryConfig, QueryResultRow } from 'pg'

import type { Session } from '../session'
import type { Message, ReceivedMessage } from '../transport'

/** Appends messages, all or none. Locks: their topics, sorted by name (see the function in the log's migrations). */
export async function appendMessages(pool: Pool, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return
  const values = messages.map((message) => message.value)
  // What the relay publishes is a line of JSON; a message from elsewhere may be any text.
  const plain = values.every((value) => value !== '' && !value.includes('\n'))
  await pool.query({
    name: plain ? 'append-messages' : 'append-any-messages',
    text: `select append_messages($1::text[], $2::text[], $3::text[], ${plain ? readJsonLines(4) : '$4::text[]'}, ${readJsonLines(5)})`,
    values: [
      textArray(messages.map((message) => message.topic)),
      textArray(messages.map((message) => message.key)),
      textArray(messages.map((message) => message.headers['ce_type'] ?? '')),
      plain ? toLines(values) : values,
      jsonLines(messages.map((message) => message.headers)),
    ],
  })
}

/** What reads here need of a session; a pool can do it as well. */
type Reader = Pick<Session, 'query'>

/** A batch ends where its values reach this many bytes. */
const maxBatchBytes = 8_000_000

/**
 * The messages of a topic from an offset on, in order. Locks nothing: offsets are given under the topic's lock, so none
 * below the last one seen can appear later.
 * @param types leaves out the others, but for the last of the batch, which says how far it goes
 */
export async function readMessages(
  session: Reader,
  topic: string,
  from: bigint,
  limit: number,
  types?: readonly string[],
): Promise<ReceivedMessage[]> {
  const rows = await session.query<{ offset: bigint; key: string; value: string; headers: Record<string, string> }>({
    name: types === undefined ? 'read-messages' : 'read-messages-of-types',
    // How far the batch goes is found by the values' lengths alone: they are large, and stay where they are until they are sent.
    text: `
      with source as (select id from topics where name = $1), batch as (
        select max("offset") as last
        from (select "offset", sum(bytes) over (order by "offset") - bytes as bytes_before
              from (select "offset", octet_length(value) as bytes from messages
                    where topic_id = (select id from source) and "offset" >= $2 order by "offset" limit $3) as next) as front
        where bytes_before < $4
      )
      select "offset", key, value, headers from messages
      where topic_id = (select id from source) and "offset" >= $2 and "offset" <= (select last from batch)
      ${types === undefined ? '' : `and (coalesce(type, headers ->> 'ce_type') = any ($5) or "offset" = (select last from batch))`}
      order by "offset"`,
    values: [topic, from, limit, maxBatchBytes, ...(types === undefined ? [] : [types])],
  })
  return rows.map((row) => ({ topic, partition: 0, ...row }))
}

/** Where a group goes on reading a topic. */
export async function readOffset(session: Reader, group: string, topic: string): Promise<bigint> {
  const [row] = await session.query<{ next_offset: bigint }>({
    text: 'select next_offset from group_offsets where group_name = $1 and topic = $2',
    values: [group, topic],
  })
  return row?.next_offset ?? 0n
}

/** Notes that a group is done with everything before `next`. On the session that holds the group's lock: nobody else can. */
export async function saveOffset(session: Session, group: string, topic: string, next: bigint): Promise<void> {
  await session.query({
    name: 'save-offset',
    text: `
      insert into group_offsets (group_name, topic, next_offset) values ($1, $2, $3)
      on conflict (group_name, topic) do update set next_offset = excluded.next_offset`,
    values: [group, topic, next],
  })
}

/** How many messages are left for a group; those that retention took are not counted. */
export async function readLag(pool: Pool, group: string, topics: string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ topic: string; lag: number }>({
    text: `
      select wanted.topic,
             coalesce(t.next_offset - greatest(o.next_offset, (select min("offset") from messages where topic_id = t.id)), 0)::float8 as lag
      from unnest($2::text[]) as wanted (topic)
      left join topics t on t.name = wanted.topic
      left join group_offsets o on o.group_name = $1 and o.topic = wanted.topic`,
    values: [group, topics],
  })
  return new Map(rows.map((row) => [row.topic, row.lag]))
}

/** The first messages that a group has not done. */
export async function peekMessages(pool: Pool, group: string, topic: string, limit: number): Promise<ReceivedMessage[]> {
  const reader: Reader = { query: async <R extends QueryResultRow>(query: QueryConfig) => (await pool.query<R>(query)).rows }
  return readMessages(reader, topic, await readOffset(reader, group, topic), limit)
}

export async function listTopics(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>('select name from topics order by name')
  return rows.map((row) => row.name)
}

/**
 * Deletes a topic's messages from its beginning up to a time, a few thousand at once so that no transaction is long.
 * @returns whether there may be more
 */
export async function deleteOldMessages(pool: Pool, topicId: number, before: Date): Promise<boolean> {
  const batch = 5_000
  const { rowCount } = await pool.query({
    text: `
      delete from messages where topic_id = $1 and "offset" = any (array(
        select "offset" from (select "offset", at from messages where topic_id = $1 order by "offset" limit $2) as oldest
        where at < $3))`,
    values: [topicId, batch, before],
  })
  return rowCount === batch
}
