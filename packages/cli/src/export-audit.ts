import { Client, expectStatus } from './client'
import type { Settings } from './settings'

interface Page {
  records: unknown[]
  nextPageToken: string
}

/**
 * The audit log page by page, oldest first, as JSON lines: with each record its hash and the one before, so the file can be
 * checked by itself.
 * @param write gets some lines at a time, and is waited for
 */
export async function exportAudit(
  { url, admin }: Settings,
  write: (lines: string) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  const client = new Client(url, say)
  let token = await client.logIn(admin)
  let exported = 0
  for (let pageToken = ''; ;) {
    const path = `/v1/audit/records?oldestFirst=true&pageSize=500&pageToken=${pageToken}`
    let reply = await client.call('GET', path, { token })
    if (reply.status === 401) {
      // A long log outlives a token.
      token = await client.logIn(admin)
      reply = await client.call('GET', path, { token })
    }
    expectStatus(reply, [200], 'read the audit log')
    const { records, nextPageToken } = reply.body as Page
    await write(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    exported += records.length
    if (nextPageToken === '') break
    pageToken = encodeURIComponent(nextPageToken)
  }
  say(`${exported} records`)
}
