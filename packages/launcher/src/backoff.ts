export interface BackoffOptions {
  firstMs: number
  longestMs: number
  /** Who ran at least this long begins again with the first pause. */
  steadyMs: number
  now?: () => number
}

/** The pauses between restarts of one process: each twice the one before, up to the longest. */
export interface Backoff {
  /** The process was started now. */
  started(): void
  /** @returns the pause before the next start, in ms */
  next(): number
}

export function backoff({ firstMs, longestMs, steadyMs, now = Date.now }: BackoffOptions): Backoff {
  let pauseMs = firstMs
  let startedAt = now()
  return {
    started: () => {
      startedAt = now()
    },
    next: () => {
      if (now() - startedAt >= steadyMs) pauseMs = firstMs
      const answer = pauseMs
      pauseMs = Math.min(pauseMs * 2, longestMs)
      return answer
    },
  }
}
