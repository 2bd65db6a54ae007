import type { Logger } from '@holdfast/service'

import type { ChainedRecord } from '../record-hash'
import { ActivitySums } from './fold'
import { sumUp } from './sum-up'

/** What follows one number of the log. */
export interface Stretch {
  sums: ActivitySums
  /** The last record in them. */
  last: bigint
}

/** What is remembered at most, in records; the others are read back. */
const mostRecords = 50_000

/**
 * What this process has appended and nobody has folded yet, summed up while it was in memory: reading it back would cost as much
 * as writing it. It decides nothing. What is missing here (another replica's, from before a start, too much) is in the log.
 */
export class RecentActivity {
  /** By the number that each begins behind. */
  readonly #stretches = new Map<bigint, Stretch>()
  /** Records in all of them. */
  #size = 0

  constructor(private readonly log: Logger) {}

  /** @param records of one transaction, once it is committed */
  add(records: ChainedRecord[]): void {
    const [first, last] = [records[0], records.at(-1)]
    if (first === undefined || last === undefined || this.#size + records.length > mostRecords) return
    const read = records.map(({ sequence, at, action, before, after }) => {
      const status = before?.['status']
      return { sequence, at, action, beforeStatus: typeof status === 'string' ? status : null, after }
    })
    this.#size += records.length
    this.#stretches.set(first.sequence - 1n, { sums: sumUp(read, this.log), last: last.sequence })
  }

  /** All that follows a number without a gap; undefined: what follows it is not known here. */
  behind(sequence: bigint): Stretch | undefined {
    const sums = new ActivitySums()
    let last = sequence
    for (let next = this.#stretches.get(last); next !== undefined; next = this.#stretches.get(last)) {
      sums.include(next.sums)
      last = next.last
    }
    return last === sequence ? undefined : { sums, last }
  }

  /** The next number behind which something is known here. */
  nextAfter(sequence: bigint): bigint | undefined {
    const known = [...this.#stretches.keys()].filter((begins) => begins > sequence)
    return known.length === 0 ? undefined : known.reduce((least, begins) => (begins < least ? begins : least))
  }

  /** Forgets what begins before a number: it is in the figures that are shown. */
  forget(before: bigint): void {
    for (const [begins, { last }] of this.#stretches) {
      if (begins >= before) continue
      this.#stretches.delete(begins)
      this.#size -= Number(last - begins)
    }
  }
}
