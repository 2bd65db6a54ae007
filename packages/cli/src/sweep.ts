import { SweepResponse } from '@holdfast/contracts/reservation'

import { Client, expectStatus } from './client'
import type { Settings } from './settings'

/** One pass of the sweeper, now, and what it found. */
export async function sweep({ url, admin }: Settings, say: (line: string) => void): Promise<void> {
  const client = new Client(url, say)
  const token = await client.logIn(admin)
  const reply = await client.call('POST', '/v1/reservations:sweep', { token, body: {}, timeoutMs: 60_000 })
  expectStatus(reply, [200], 'sweep')
  const { expired, orphans } = SweepResponse.fromJSON(reply.body)
  say(`reservations expired: ${expired}`)
  say(`holds without a reservation released: ${orphans}`)
}
