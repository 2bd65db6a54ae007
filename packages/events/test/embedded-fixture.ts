import { createTestDatabase } from '@holdfast/testing'

import { openEmbeddedTransport, type Transport } from '../src'
import type { TransportFixture } from './transport-contract'
import { cutConnections, log } from './world'

export interface EmbeddedFixture extends TransportFixture {
  url: string
}

/** An event log of its own. */
export async function embeddedFixture(): Promise<EmbeddedFixture> {
  const created = await createTestDatabase()
  const { url } = created
  const names = new Map<Transport, string>()
  return {
    url,
    config: { EVENTS_DATABASE_URL: url },
    silenceMs: 1_000,
    sharing: false,
    open: async () => {
      const name = `log ${names.size}`
      const transport = await openEmbeddedTransport({ url, log, name })
      names.set(transport, name)
      return transport
    },
    kill: async (transport) => {
      const closed = transport.close()
      await cutConnections(url, `${names.get(transport)}%`)
      await closed
    },
    cut: async () => cutConnections(url),
    cleanup: async () => created.drop(),
  }
}
