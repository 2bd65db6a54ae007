import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from 'pino'

export interface Worker {
  /** There is something to do: don't wait for the next look. */
  wake(): void
  /** Finishes the pass under way. */
  stop(): Promise<void>
}

export interface WorkerOptions {
  name: string
  /** One look for work. @returns whether there may be more at once */
  pass: () => Promise<boolean>
  /** Between two looks that found nothing more, in ms. */
  pauseMs: number
  /** The least of that, in ms, whoever wakes it: what comes meanwhile goes together; 0. */
  restMs?: number
  log: Logger
}

/** Looks for work again and again, in every replica: what a pass takes, it claims in the database. */
export function startWorker({ name, pass, pauseMs, restMs = 0, log }: WorkerOptions): Worker {
  const stopping = new AbortController()
  let woken = false
  let endPause: (() => void) | undefined

  const pause = async (): Promise<void> => {
    if (restMs > 0) await sleep(restMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    if (stopping.signal.aborted || woken) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs)
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    endPause = undefined
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false
      try {
        if (await pass()) continue
      } catch (error) {
        log.warn({ err: error, worker: name }, 'a pass failed; the next one follows')
      }
      await pause()
    }
  }
  const done = run()
  return {
    wake: () => {
      woken = true
      endPause?.()
    },
    stop: async () => {
      stopping.abort()
      endPause?.()
      await done
    },
  }
}
