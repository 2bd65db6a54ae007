import type { DatabaseName } from '@holdfast/launcher'
import { Client, type QueryResultRow } from 'pg'

import type { RunningSystem } from './system'

/** One statement on the database of a service of the system that is measured. */
export async function query<Row extends QueryResultRow>(
  running: RunningSystem,
  service: DatabaseName,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const url = running.databaseOf?.(service)
  if (url === undefined) throw new Error(`no database of ${service}`)
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}
