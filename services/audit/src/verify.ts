import { type CallContext, type Database, HoldfastError } from '@holdfast/service'

import { ChainCheck, type Finding, type Head } from './chain'
import { openChain } from './sql/read-chain'

export interface Verification {
  /** The first record that is wrong; undefined: the log is whole. */
  finding: Finding | undefined
  /** Records looked at. */
  checked: bigint
  /** Hash of the last record that was right. */
  lastHash: string
}

/** The answer has to get back while the caller still waits, in ms. */
const answerMs = 100

/** Each keeps a connection for as long as it takes; those who append must not run out of them. */
const mostAtOnce = 3

/** Recomputes the chain, as of one moment, in bounded memory. */
export class Verifier {
  #running = 0

  constructor(private readonly database: Database) {}

  /**
   * @param kept an end of the log that was kept elsewhere
   * @throws DEADLINE_EXCEEDED for a log that is longer than the caller's time allows, OVERLOADED when several verifications
   * are under way
   */
  async verify(ctx: CallContext, kept?: Head): Promise<Verification> {
    if (this.#running >= mostAtOnce) throw new HoldfastError('OVERLOADED', 'Several verifications are under way already')
    this.#running++
    try {
      return await this.#walk(ctx.deadline - answerMs, kept)
    } finally {
      this.#running--
    }
  }

  async #walk(until: number, kept: Head | undefined): Promise<Verification> {
    return this.database.transaction(async (client) => {
      const { head, readPage } = await openChain(client)
      const check = new ChainCheck(head, kept)
      for (let page = await readPage(); page.length > 0; page = await readPage()) {
        for (const record of page) {
          const finding = check.next(record)
          if (finding !== undefined) return { finding, checked: check.checked, lastHash: check.lastHash }
        }
        if (Date.now() >= until) throw outOfTime(check.checked, head?.sequence)
      }
      return { finding: check.end(), checked: check.checked, lastHash: check.lastHash }
    })
  }
}

function outOfTime(checked: bigint, all: bigint | undefined): HoldfastError {
  const total = all === undefined ? '' : ` of ${all}`
  return new HoldfastError(
    'DEADLINE_EXCEEDED',
    `${checked}${total} records were in order when the time was over; call with a longer deadline`,
  )
}
