/** Something that a terminal was told to show. */
export interface CastEvent {
  /** Since the recording began, in ms. */
  at: number
  /** With its control sequences. */
  text: string
}

/** A recording of a terminal. */
export interface Cast {
  columns: number
  rows: number
  title: string
  /** By their time. */
  events: CastEvent[]
}

/** A stretch of time, in ms since the recording began. */
export interface Stretch {
  from: number
  until: number
}

/** As a file in the format asciicast v2, which players of asciinema read: a line for the whole, then one for each event. */
export function castFile({ columns, rows, title, events }: Cast): string {
  const head = { version: 2, width: columns, height: rows, title }
  const lines = events.map(({ at, text }) => [at / 1000, 'o', text])
  return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/**
 * The same events, with less to wait for: each of the stretches that is longer than `longestMs` passes in that time, as if it were played faster.
 * @param stretches by their time, one behind the other
 */
export function hastened(events: readonly CastEvent[], stretches: readonly Stretch[], longestMs: number): CastEvent[] {
  const saved = (at: number): number =>
    stretches.reduce((sum, { from, until }) => {
      const tooLong = Math.max(0, until - from - longestMs)
      const passed = Math.min(1, Math.max(0, (at - from) / (until - from)))
      return tooLong === 0 ? sum : sum + tooLong * passed
    }, 0)
  return events.map(({ at, text }) => ({ at: Math.round(at - saved(at)), text }))
}
