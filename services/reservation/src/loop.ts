import { type CallContext, type Logger, systemContext } from '@holdfast/service'

import { serviceName } from './parts'

export interface Loop {
  /** The next pass is at this time (ms since 1970) at the latest, if the loop is waiting. */
  wakeBy(time: number): void
  /** Finishes the pass under way. */
  stop(): Promise<void>
}

const firstBackoffMs = 200
const longestBackoffMs = 5_000

/**
 * Does a pass again and again, each in a context of its own. A pass that fails is logged and tried again after a while,
 * longer with each failure: a loop never ends by itself.
 * @param pass answers how long to wait until the next, in ms
 */
export function startLoop(name: string, log: Logger, pass: (ctx: CallContext) => Promise<number>): Loop {
  const over = new AbortController()
  let wakeAt = Infinity
  let timer: NodeJS.Timeout | undefined
  let wake: (() => void) | undefined

  const setAlarm = (time: number, ring: () => void): void => {
    clearTimeout(timer)
    wakeAt = time
    timer = setTimeout(ring, Math.max(0, time - Date.now()))
  }
  const sleep = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      wake = resolve
      setAlarm(Date.now() + ms, resolve)
    })
    wake = undefined
  }
  const run = async (): Promise<void> => {
    let backoffMs = firstBackoffMs
    while (!over.signal.aborted) {
      let waitMs: number
      try {
        waitMs = await pass(systemContext(serviceName, log))
        backoffMs = firstBackoffMs
      } catch (error) {
        log.warn({ err: error, nextTryMs: backoffMs }, `${name} failed`)
        waitMs = backoffMs
        backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
      }
      if (!over.signal.aborted) await sleep(waitMs)
    }
  }
  const done = run()
  return {
    wakeBy: (time) => {
      if (wake !== undefined && time < wakeAt) setAlarm(time, wake)
    },
    stop: async () => {
      over.abort()
      clearTimeout(timer)
      wake?.()
      await done
    },
  }
}
