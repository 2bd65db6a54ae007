import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** 60,000 ms: on a machine with little to spare, what takes a moment takes long, and who waits in vain has failed anyway. */
  timeoutMs?: number
  /** What is waited for, in words that end the sentence "waited ... for". */
  what: string
}

const firstPauseMs = 5
const longestPauseMs = 100

/**
 * Waits until `check` answers something other than false, null or undefined, and hands that back. A check that throws has
 * not been met yet; its last error is told when time is up.
 */
export async function waitFor<T>(
  check: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 60_000, what } = options
  const giveUpAt = Date.now() + timeoutMs
  let lastError: unknown
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      const answer = await check()
      if (isMet(answer)) return answer
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (Date.now() >= giveUpAt) {
      const reason = lastError instanceof Error ? `: ${lastError.message}` : ''
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}${reason}`, { cause: lastError })
    }
    await sleep(pauseMs)
  }
}

function isMet<T>(answer: T): answer is Exclude<T, false | null | undefined> {
  return answer !== false && answer !== null && answer !== undefined
}
