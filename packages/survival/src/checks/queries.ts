import { Client } from 'pg'

import type { Cluster } from '../cluster/cluster'
import type { Service } from '../cluster/replica'

/** Rows of a service's own database, past the service. */
export async function rowsOf<Row extends object>(cluster: Cluster, service: Service, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: cluster.databaseUrl(service) })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
