import type { Availability } from '@holdfast/client'
import { onlineManager, skipToken, useQueries, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { api } from './client.ts'

/** Most SKUs of one stream. */
const mostWatched = 100

/** Until it is begun again, ms. */
const pauseMs = 2_000

/** How often those are asked for that no stream has room for, ms. */
const pollMs = 10_000

const keyOf = (sku: string) => ['availability', sku] as const

/**
 * What can be had of some products, each change within a second. While the stream is away the last figures stay; while the page
 * is in the background there is none: a browser has few connections for all tabs of a site.
 * @returns by SKU; absent where it is not known yet
 */
export function useAvailability(skus: readonly string[]): ReadonlyMap<string, Availability> {
  const queries = useQueryClient()
  const known = [...new Set(skus)].sort()
  const wanted = known.join()
  useEffect(() => {
    if (wanted === '') return
    let stop = new AbortController()
    const begin = (): void => {
      stop.abort()
      stop = new AbortController()
      if (document.visibilityState !== 'visible') return
      const [first = [], ...others] = inParts(wanted.split(','))
      void follow(first, stop.signal, show)
      for (const part of others) void poll(part, stop.signal, show)
    }
    const show = (one: Availability): void => void queries.setQueryData(keyOf(one.sku), one)
    begin()
    document.addEventListener('visibilitychange', begin)
    const unsubscribe = onlineManager.subscribe((isOnline) => isOnline && begin())
    return () => {
      stop.abort()
      document.removeEventListener('visibilitychange', begin)
      unsubscribe()
    }
  }, [wanted, queries])
  return useQueries({
    queries: known.map((sku) => ({ queryKey: keyOf(sku), queryFn: skipToken, staleTime: Infinity })),
    combine: toMap,
  })
}

function toMap(results: readonly { data?: unknown }[]): ReadonlyMap<string, Availability> {
  const known = results.flatMap(({ data }) => (data === undefined ? [] : [data as Availability]))
  return new Map(known.map((one) => [one.sku, one]))
}

function inParts(skus: readonly string[]): string[][] {
  const count = Math.ceil(skus.length / mostWatched)
  return Array.from({ length: count }, (_, index) => skus.slice(index * mostWatched, (index + 1) * mostWatched))
}

/** The client resumes a stream that breaks off; one that can't begin is tried again here. */
async function follow(skus: string[], signal: AbortSignal, show: (one: Availability) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { availability } of api.watchAvailability({ skus }, { signal })) availability.forEach(show)
    } catch {
      // Quietly: what is shown stays, and the banner says it when nobody answers.
    }
    await pause(pauseMs)
  }
}

/** A long catalogue: a second stream would take one more of the few connections that a browser has for a site. */
async function poll(skus: string[], signal: AbortSignal, show: (one: Availability) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const { availability } = await api.getAvailability({ skus }, { signal })
      availability.forEach(show)
    } catch {
      // As above.
    }
    await pause(pollMs)
  }
}

async function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
