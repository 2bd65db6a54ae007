import { HoldfastApiError, type Sale } from '@holdfast/client'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { api } from '../api/client.ts'
import { sales } from './queries.ts'

/** How much was left at a time. */
export interface Point {
  /** Since the first look, ms. */
  at: number
  left: number
}

export interface Seen {
  sale: Sale
  /** From when on this page has watched it. */
  line: readonly Point[]
}

/** Until a stream that could not begin is begun again, ms. */
const pauseMs = 1_000

const final: readonly Sale['phase'][] = ['DONE', 'STOPPED', 'FAILED']

export const isOver = (sale: Sale): boolean => final.includes(sale.phase)

/** A sale as it goes on. It goes on because it is watched: whoever leaves this page ends it. */
export function useSale(id: string | undefined): { seen: Seen | undefined; error: unknown } {
  const queries = useQueryClient()
  const [seen, setSeen] = useState<Seen>()
  const [failed, setFailed] = useState<{ id: string; error: unknown }>()
  useEffect(() => {
    if (id === undefined) return
    const leaving = new AbortController()
    const beganAt = performance.now()
    const show = (sale: Sale): void => {
      const point = { at: performance.now() - beganAt, left: sale.left }
      setSeen((before) => ({ sale, line: [...(before?.sale.id === id ? before.line : []), point] }))
    }
    void follow(id, leaving.signal, show).then(
      async () => queries.invalidateQueries({ queryKey: sales.queryKey }),
      (error: unknown) => {
        if (!leaving.signal.aborted) setFailed({ id, error })
      },
    )
    return () => leaving.abort()
  }, [id, queries])
  return { seen: seen?.sale.id === id ? seen : undefined, error: failed !== undefined && failed.id === id ? failed.error : null }
}

/** Resolves when the sale is over. The client takes up a stream that breaks off; one that can't begin is tried again here. */
async function follow(id: string, signal: AbortSignal, show: (sale: Sale) => void): Promise<void> {
  for (;;) {
    try {
      for await (const { sale } of api.watchSale({ id }, { signal })) {
        if (sale === undefined) continue
        show(sale)
        if (isOver(sale)) return
      }
    } catch (error) {
      const isFinal = error instanceof HoldfastApiError && error.status < 500 && error.status !== 429
      if (isFinal || signal.aborted) throw error
    }
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs)
    })
    signal.throwIfAborted()
  }
}
