/** A stream of availability, as a browser reads it: server-sent events. */
import { get, type IncomingMessage } from 'node:http'

import { waitFor } from '@holdfast/testing'

import type { Shop } from './shop'

export interface Watch {
  /** What can be reserved, as it was said last. */
  readonly available: number | undefined
  /** Messages so far. */
  readonly messages: number
  readonly lastEventId: string
  /** Waits until so many can be reserved. */
  until(available: number): Promise<void>
  close(): void
}

/** @throws Error with the status when the stream is refused */
export async function openWatch(shop: Shop, sku: string, from: { channel?: string; lastEventId?: string } = {}): Promise<Watch> {
  const { channel = '', lastEventId } = from
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const url = `${shop.system.url}/v1/availability:watch?skus=${sku}&channel=${channel}`
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}`)
  const state = {
    available: undefined as number | undefined,
    messages: 0,
    lastEventId: '',
    until: async (wanted: number): Promise<void> => {
      await waitFor(() => state.available === wanted, { what: `${wanted} of ${sku} to be told`, timeoutMs: 60_000 })
    },
    close: () => void response.destroy(),
  }
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const events = (text + chunk).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) note(event)
  })
  return state

  function note(event: string): void {
    const fields = Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/, 2)))
    if (fields['event'] !== 'message') return
    state.messages++
    state.lastEventId = fields['id'] ?? ''
    const { availability } = JSON.parse(fields['data'] ?? '{}') as { availability: { available: number }[] }
    for (const { available } of availability) state.available = available
  }
}
