import { Api } from './api'
import type { Settings } from './settings'

/** One pass of the sweeper, now, and what it found. */
export async function sweep({ url, admin }: Settings, say: (line: string) => void): Promise<void> {
  const api = new Api(url, say)
  const client = await api.logIn(admin)
  const { expired, orphans } = await api.must('sweep', client.sweep({}, { timeoutMs: 60_000 }))
  say(`reservations expired: ${expired}`)
  say(`holds without a reservation released: ${orphans}`)
}
