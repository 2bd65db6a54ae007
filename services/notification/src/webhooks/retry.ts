/** When a delivery that failed is tried again. */

/** So much shorter or longer, so that endpoints which failed together do not come back together. */
const jitter = 0.2

/**
 * @param failures tries that have failed, this one included
 * @param schedule waits between tries, in ms
 * @param askedMs what the receiver asked for
 * @returns how long to wait, in ms; undefined: that was the last try
 */
export function delayAfter(
  failures: number,
  schedule: readonly number[],
  askedMs: number,
  random = Math.random,
): number | undefined {
  const wait = schedule[failures - 1]
  return wait === undefined ? undefined : Math.max(askedMs, Math.round(wait * (1 - jitter + 2 * jitter * random())))
}
