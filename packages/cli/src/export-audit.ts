import { Api } from './api'
import type { Settings } from './settings'

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
  const api = new Api(url, say)
  const client = await api.logIn(admin)
  let exported = 0
  for (let pageToken = ''; ;) {
    const page = { oldestFirst: true, pageSize: 500, pageToken }
    const { records, nextPageToken } = await api.must('read the audit log', client.listAuditRecords(page))
    await write(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    exported += records.length
    if (nextPageToken === '') break
    pageToken = nextPageToken
  }
  say(`${exported} records`)
}
