import { counter, type Logger } from '@holdfast/service'

/** What a service says has changed since a position. */
export interface Changes {
  /** Names of what changed. */
  changed: string[]
  /** Where to go on. */
  position: string
  /** There were too many to name. */
  all: boolean
}

/** Whoever reads asks for changes when the last answer is so old, in ms: nobody reads, nobody asks. */
const askAfterMs = 250
/** What was asked for longer ago proves nothing any more, in ms: no answer that is kept is given later than that after a change. */
const trustMs = 1_000

const changes = counter('answer_changes_total', 'Changes told to the cache of answers; `all`: too many to name, or the first', [
  'named',
])

/** What a service has said about changes, and how far that can be relied on. */
export class KnownChanges {
  private position = ''
  /** Questions are numbered; one at a time is under way. */
  private asked = 0
  private underWay = false
  private askAgainAt = -Infinity
  /** The last that was answered, and when it was asked: the answer knows of every change before that. */
  private answered = 0
  private answeredFrom = -Infinity
  /** Answers before this one do not know of a change that was made here. */
  private needed = 0
  private failing = false
  /** How often something was told. */
  private count = 0

  /**
   * @param ask for the changes after a position; empty: where one begins
   * @param drop what is kept of these names; undefined: all of it
   */
  constructor(
    private readonly ask: (after: string) => Promise<Changes>,
    private readonly drop: (names: ReadonlySet<string> | undefined) => void,
    private readonly log: Logger,
    private readonly now: () => number,
  ) {}

  /**
   * Whether every change is known that was made up to a second ago, and every one that was made here. It asks, where that is about to
   * end, and waits for nothing.
   */
  areComplete(): boolean {
    const now = this.now()
    const wanted = now >= this.askAgainAt || this.asked < this.needed
    if (wanted && !this.underWay) void this.askOnce(now)
    return this.answered >= this.needed && now - this.answeredFrom < trustMs
  }

  /** Something was changed by this process, and whoever did it may be told so next: what was asked before does not count any more. */
  changedHere(): void {
    this.needed = this.asked + 1
  }

  /** How much was told by now. What was read while this grew may be from before a change that is known already. */
  get told(): number {
    return this.count
  }

  private async askOnce(now: number): Promise<void> {
    const number = ++this.asked
    this.underWay = true
    this.askAgainAt = now + askAfterMs
    try {
      const { changed, position, all } = await this.ask(this.position)
      this.tell(all ? undefined : new Set(changed))
      this.position = position
      this.answered = number
      this.answeredFrom = now
      if (this.failing) this.log.info('changes are known again: answers are kept')
      this.failing = false
    } catch (error) {
      if (!this.failing) this.log.warn({ err: error }, 'what has changed can not be read: no answers that were kept are given')
      this.failing = true
    } finally {
      this.underWay = false
    }
  }

  private tell(names: ReadonlySet<string> | undefined): void {
    if (names?.size === 0) return
    this.count++
    changes.inc({ named: names === undefined ? 'all' : 'each' }, names?.size ?? 1)
    this.drop(names)
  }
}
