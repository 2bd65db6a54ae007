/**
 * The server's clock, told from the header Date of its answers: a countdown is right on a machine whose own clock is wrong.
 * Each answer bounds how far the two are apart, by when it was asked for and when it came; all bounds together are narrow
 * after a few answers. Measured against the time since the page was opened, which nobody can set back.
 */

/** Date has whole seconds: an answer was made at some time in its second, ms. */
const dateStepMs = 1000

/** How far two clocks may drift apart before bounds are no longer believed, ms each. */
const driftMs = 50

/** Server time minus `performance.now()`: between these, ms. */
let earliest = Number.NEGATIVE_INFINITY
let latest = Number.POSITIVE_INFINITY

/** @param sentAt and @param receivedAt by `performance.now()` */
export function observeServerTime(date: string | null, sentAt: number, receivedAt: number): void {
  const serverMs = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(serverMs)) return
  const low = serverMs - receivedAt
  const high = serverMs + dateStepMs - sentAt
  // This machine slept, or it is another server: what was known counts no more.
  const contradicts = low > latest + driftMs || high < earliest - driftMs
  earliest = contradicts ? low : Math.max(earliest, low)
  latest = contradicts ? high : Math.max(Math.min(latest, high), earliest)
}

/** The server's time as far as it is known, this machine's until there was an answer; in ms since 1970. */
export function serverNow(): number {
  if (!Number.isFinite(earliest) || !Number.isFinite(latest)) return Date.now()
  return performance.now() + (earliest + latest) / 2
}

/** As if there had been no answer yet. */
export function forgetServerTime(): void {
  earliest = Number.NEGATIVE_INFINITY
  latest = Number.POSITIVE_INFINITY
}
