/** What a load balancer does with several gateways: each request goes to the next that says it is ready, once. */
import { setTimeout as sleep } from 'node:timers/promises'

import { callJson, type JsonReply, type JsonRequest } from '../json-client'

export interface Balancer {
  /** One call to one gateway; what went wrong on the way is thrown, and nothing is sent again. */
  call<Body>(method: string, path: string, request?: JsonRequest): Promise<JsonReply<Body>>
  /** Those that requests go to at the moment. */
  ready(): string[]
  /** Nothing new goes to that one, whatever it says, until it is put back. */
  takeOut(url: string): void
  putBack(url: string): void
  stop(): Promise<void>
}

export interface BalancerOptions {
  /** Of the gateways. */
  urls: string[]
  /** What each is asked, and how often, in ms; `/readyz/self` every 100 ms. */
  path?: string
  everyMs?: number
}

/** One that is slow to say so on a busy machine stays what it was. In ms. */
const patienceMs = 10_000

/** @returns once all of them are ready */
export async function openBalancer({ urls, path = '/readyz/self', everyMs = 100 }: BalancerOptions): Promise<Balancer> {
  const isReady = new Map(urls.map((url) => [url, false]))
  const takenOut = new Set<string>()
  const stopping = new AbortController()
  const watch = async (url: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const reply = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(patienceMs) })
        isReady.set(url, reply.ok)
        await reply.body?.cancel()
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'TimeoutError')) isReady.set(url, false)
      }
      await sleep(everyMs)
    }
  }
  const watching = urls.map(watch)
  const ready = (): string[] => urls.filter((url) => isReady.get(url) === true && !takenOut.has(url))
  while (ready().length < urls.length) await sleep(everyMs)
  let turn = 0
  return {
    call: async (method, path, request) => {
      const now = ready()
      const url = now[turn++ % now.length]
      if (url === undefined) throw new Error('no gateway is ready')
      return callJson(method, `${url}${path}`, request)
    },
    ready,
    takeOut: (url) => void takenOut.add(url),
    putBack: (url) => void takenOut.delete(url),
    stop: async () => {
      stopping.abort()
      await Promise.all(watching)
    },
  }
}
