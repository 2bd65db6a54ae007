import { randomUUID } from 'node:crypto'

import { eventsMigrations, type PublishedEvent } from '@holdfast/events'
import { type CallContext, createLog, type Database, openDatabase, systemContext } from '@holdfast/service'
import { createTestDatabase } from '@holdfast/testing'

import { appendRecords } from '../src/append'
import { auditMigrations } from '../src/migrations'

export const log = createLog('audit-test', 'silent')

export interface Fixture {
  database: Database
  /** Another process would have a pool of its own. */
  openReplica: () => Promise<Database>
  /** Appends one record for each event, in one transaction. */
  append: (events: PublishedEvent[]) => Promise<void>
  /** What only the owner of the tables can do: change them with the triggers off. */
  tamper: (sql: string) => Promise<void>
  sequences: () => Promise<bigint[]>
  close: () => Promise<void>
}

export async function openFixture(): Promise<Fixture> {
  const testDatabase = await createTestDatabase({ migrations: [eventsMigrations, auditMigrations] })
  const database = await openDatabase({ url: testDatabase.url, name: 'audit-test', log })
  const replicas: Database[] = []
  return {
    database,
    openReplica: async () => {
      const replica = await openDatabase({ url: testDatabase.url, name: 'audit-replica', log })
      replicas.push(replica)
      return replica
    },
    append: async (events) => {
      await database.transaction(async (client) => appendRecords(client, events))
    },
    tamper: async (sql) =>
      database.transaction(async (client) => {
        await client.query('alter table audit_records disable trigger all; alter table audit_head disable trigger all')
        await client.query(sql)
        await client.query('alter table audit_records enable always trigger audit_records_only_grow')
        await client.query('alter table audit_head enable always trigger audit_head_stays')
        await client.query('alter table audit_head enable always trigger audit_head_only_grows')
      }),
    sequences: async () => {
      const { rows } = await database.pool.query<{ sequence: bigint }>('select sequence from audit_records order by sequence')
      return rows.map((row) => row.sequence)
    },
    close: async () => {
      for (const open of [...replicas, database]) await open.close()
      await testDatabase.drop()
    },
  }
}

export function reservationEvent(change: Partial<PublishedEvent> = {}): PublishedEvent {
  return {
    id: randomUUID(),
    source: '//holdfast/reservation',
    type: 'holdfast.reservation.created.v1',
    topic: 'holdfast.reservation.v1',
    key: 'r1',
    subject: 'r1',
    version: 1n,
    audit: true,
    actor: { id: 'u1', role: 'USER' },
    requestId: 'req-1',
    traceparent: undefined,
    at: new Date('2026-01-31T10:00:00.123Z'),
    data: { after: { id: 'r1', status: 'ACTIVE', lines: [{ sku: 'A', quantity: 1 }] } },
    ...change,
  }
}

export const reservationEvents = (count: number): PublishedEvent[] =>
  Array.from({ length: count }, (_, index) =>
    reservationEvent({ subject: `r${index + 1}`, data: { after: { number: index + 1 } } }),
  )

export const oneTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1))

/** @param timeoutMs until the deadline */
export const context = (timeoutMs = 30_000): CallContext => systemContext('test', log, timeoutMs)
