import { type ChainedRecord, genesisHash, recordHash } from './record-hash'

/** The end of the chain as the head row has it. */
export interface Head {
  sequence: bigint
  hash: string
}

/** The first record that is wrong, and what is wrong with it. */
export interface Finding {
  sequence: bigint
  problem: string
}

/**
 * Walks the chain record by record, in the order of their numbers. What it can't see: a rewritten record with everything
 * behind it and the head row rewritten to fit; that needs an end of the log that was kept elsewhere.
 */
export class ChainCheck {
  /** Records looked at. */
  checked = 0n
  /** The last record that was right, and the hash of the one before it. */
  #last = { sequence: 0n, hash: genesisHash, before: '' }

  /** @param kept an end of the log as somebody kept it: its record must be there as it was */
  constructor(
    private readonly head: Head | undefined,
    private readonly kept?: Head,
  ) {}

  /** The hash of the last record that was right. */
  get lastHash(): string {
    return this.#last.hash
  }

  /** @returns undefined while all is well; after a finding the walk is over */
  next(record: ChainedRecord): Finding | undefined {
    this.checked++
    const last = this.#last
    const expected = last.sequence + 1n
    const { sequence, hash, previousHash } = record
    if (sequence < expected) return { sequence, problem: 'added: this number is there twice, or comes before the first' }
    if (this.head !== undefined && sequence > this.head.sequence) {
      return { sequence, problem: `added: the head row says that the log ends at ${this.head.sequence}` }
    }
    if (sequence > expected) return { sequence: expected, problem: `removed: the next record that is there is ${sequence}` }
    const fits = recordHash(previousHash, record) === hash
    if (previousHash === last.hash) {
      if (fits && sequence === this.kept?.sequence && hash !== this.kept.hash) return { sequence, problem: rewritten }
      if (!fits) return { sequence, problem: 'changed: its hash does not fit its content' }
      this.#last = { sequence, hash, before: last.hash }
      return undefined
    }
    return fits ? notFollowing(record) : misplaced(record, last.before)
  }

  /** Call it when there is no further record. */
  end(): Finding | undefined {
    const { sequence, hash } = this.#last
    if (this.head === undefined)
      return { sequence: sequence + 1n, problem: 'the head row is gone: records from here on may have been removed' }
    if (sequence < this.head.sequence) {
      return { sequence: sequence + 1n, problem: `removed: the head row says that the log ends at ${this.head.sequence}` }
    }
    if (hash === this.head.hash) {
      if (this.kept === undefined || sequence >= this.kept.sequence) return undefined
      return { sequence: sequence + 1n, problem: `removed: the checkpoint says that the log went on to ${this.kept.sequence}` }
    }
    return {
      sequence: sequence === 0n ? 1n : sequence,
      problem: 'changed, with a hash made to fit: the head row carries another one',
    }
  }
}

const rewritten = 'changed, it or a record before it, with all hashes made to fit: the checkpoint carries another one'

/** The record is whole in itself, so it tells what stood before it. */
function notFollowing({ sequence }: ChainedRecord): Finding {
  if (sequence === 1n) return { sequence, problem: 'added or changed: the first record must follow a hash of zeros' }
  return {
    sequence: sequence - 1n,
    problem: 'changed or added, with a hash made to fit: the record after it carries another one',
  }
}

/** Neither the record before nor its own content fits: was it written as another number? */
function misplaced(record: ChainedRecord, hashBeforeLast: string): Finding {
  const writtenAs = (sequence: bigint) => recordHash(record.previousHash, { ...record, sequence }) === record.hash
  const { sequence } = record
  if (record.previousHash === hashBeforeLast && writtenAs(sequence - 1n)) {
    return { sequence: sequence - 1n, problem: `added: the record that is now ${sequence} was written with this number` }
  }
  if (writtenAs(sequence + 1n)) {
    return { sequence, problem: `removed or reordered: what is there was written as ${sequence + 1n}` }
  }
  return { sequence, problem: 'changed: its hash does not fit its content' }
}
