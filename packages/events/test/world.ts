import { randomUUID } from 'node:crypto'

import { createLog, type Database, openDatabase } from '@holdfast/service'
import { createTestDatabase } from '@holdfast/testing'
import { Client, type PoolClient } from 'pg'

import { appendEvents, eventsMigrations, type Message, type NewEvent, type PublishedEvent, toMessage } from '../src'

export const log = createLog('test', 'silent')

/** A service's database with an outbox, an inbox, and a table in which handlers have their effects. */
export interface ServiceDatabase extends Database {
  /** Ends all of its connections, as a restart of the server would. */
  cutConnections(): Promise<void>
  /** `<subject>:<version>` of every effect, in the order in which they were had. */
  effects(): Promise<string[]>
  drop(): Promise<void>
}

export async function openServiceDatabase(): Promise<ServiceDatabase> {
  const created = await createTestDatabase({ migrations: [eventsMigrations] })
  const database = await openDatabase({ url: created.url, name: 'test service', log })
  await database.pool.query('create table effects (n bigint generated always as identity, subject text, version bigint)')
  return {
    ...database,
    cutConnections: async () => cutConnections(created.url),
    effects: async () => {
      const { rows } = await database.pool.query<{ subject: string; version: bigint }>(
        'select subject, version from effects order by n',
      )
      return rows.map((row) => `${row.subject}:${row.version}`)
    },
    drop: async () => {
      await database.close()
      await created.drop()
    },
  }
}

/** Ends the connections to a database, or those of one application. */
export async function cutConnections(url: string, applicationName = '%'): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name like $1`,
    [applicationName],
  )
  await client.end()
}

/** What a handler does with an event here. */
export async function haveEffect(client: PoolClient, event: PublishedEvent): Promise<void> {
  await client.query('insert into effects (subject, version) values ($1, $2)', [event.subject, event.version])
}

export function newTopic(): string {
  return `holdfast.test-${randomUUID().slice(0, 8)}.v1`
}

export function newEvent(topic: string, subject: string, version: number): NewEvent {
  return {
    type: 'holdfast.reservation.created.v1',
    topic,
    key: subject,
    subject,
    version: BigInt(version),
    audit: true,
    actor: { id: 'u-1', role: 'USER' },
    requestId: 'request-1',
    traceparent: undefined,
    data: { after: { id: subject } },
  }
}

export function eventMessage(topic: string, subject: string, version: number): Message {
  const event = newEvent(topic, subject, version)
  return toMessage({ ...event, id: randomUUID(), source: '//holdfast/test', at: new Date() }, JSON.stringify(event.data))
}

/** Events of one subject as messages, versions `from` to `to`. */
export function eventMessages(topic: string, subject: string, from: number, to: number): Message[] {
  return versions(from, to).map((version) => eventMessage(topic, subject, version))
}

/** Appends events of one subject to the outbox, each in a transaction of its own. */
export async function writeEvents(database: Database, topic: string, subject: string, from: number, to: number): Promise<void> {
  for (const version of versions(from, to)) {
    await database.transaction(async (client) => appendEvents(client, [newEvent(topic, subject, version)]))
  }
}

/** `<subject>:<version>` for versions `from` to `to`. */
export function names(subject: string, from: number, to: number): string[] {
  return versions(from, to).map((version) => `${subject}:${version}`)
}

export function versions(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
