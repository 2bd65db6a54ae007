import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Postgres, startPostgres } from '@holdfast/launcher'

import { reserveGivenBrokers } from './given-brokers'
import { setTestServerUrl } from './test-server'

let server: Postgres | undefined

/** One PostgreSQL for the whole run, in a folder that goes away with it; or the one that HOLDFAST_TEST_DATABASE_URL names. */
export default async function globalSetup(): Promise<void> {
  reserveGivenBrokers()
  // Nor does a system of a test count its limits together with somebody else's.
  delete process.env.REDIS_URL
  const given = process.env.HOLDFAST_TEST_DATABASE_URL
  if (given !== undefined && given !== '') {
    setTestServerUrl(given)
    return
  }
  server = await startPostgres({ folder: await mkdtemp(join(tmpdir(), 'holdfast-test-')), temporary: true })
  setTestServerUrl(server.url('postgres'))
}

export async function stopTestServer(): Promise<void> {
  await server?.stop()
  server = undefined
}
