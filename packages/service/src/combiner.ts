import { HoldfastError } from './errors'
import { meterQueue, type QueueMeter } from './queue-meter'
import type { Span } from './tracing/spans'
import { tracing } from './tracing/tracing'

/** What became of one item. */
export type Outcome<Result> = { value: Result } | { error: unknown }

export interface CombinerOptions<Item, Result> {
  /** For errors and metrics. */
  name: string
  /** Does the work for a batch; answers one outcome per item, in order. It must be repeatable, or `split` is false. */
  run: (items: Item[]) => Promise<Outcome<Result>[]>
  /** Most items in one batch; asked again for each, where it depends. */
  maxItems: number | (() => number)
  /** Most items that wait; one more is OVERLOADED. */
  maxQueue: number
  /** Batches under way at once; 1. More than one gives up the order of arrival. */
  concurrency?: number
  /** What an item weighs (its lines, its bytes), and the most that one batch carries. */
  weight?: { of: (item: Item) => number; max: number }
  /** Whether a batch that fails for an unknown reason is split and run again; yes. No: `run` is not repeatable. */
  split?: boolean
  /** A queue that goes first: before a batch, what waits there gets its turn. */
  yieldTo?: { turn: () => Promise<void> }
}

interface Waiting<Item, Result> {
  item: Item
  weight: number
  deadline: number
  /** When it came, by performance.now(). */
  since: number
  /** What it is a part of, where that is recorded. */
  span: Span | undefined
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Requests that arrive while a batch is under way are done together in the next one (group commit: DeWitt et al., 1984,
 * "Implementation techniques for main memory database systems"). The batch grows with the load and nothing waits for a
 * timer: a lone request goes at once.
 */
export class Combiner<Item, Result> {
  private queue: Waiting<Item, Result>[] = []
  private running = 0
  private scheduled = false
  private turns: (() => void)[] = []

  private readonly meter: QueueMeter

  constructor(private readonly options: CombinerOptions<Item, Result>) {
    this.meter = meterQueue(options.name, () => this.queue.length)
  }

  /** Items that wait for their batch. */
  get queueLength(): number {
    return this.queue.length
  }

  /**
   * Adds an item and answers what became of it. A batch that fails for one item's data is split and run again, so one
   * caller's bad request never fails its neighbours; that is why `run` must be repeatable.
   * @param deadline when the caller stops waiting, in ms since 1970: after it the item is dropped before work is done
   * @throws OVERLOADED when the queue is full, DEADLINE_EXCEEDED, or the item's own error
   */
  async submit(item: Item, deadline: number): Promise<Result> {
    if (this.queue.length >= this.options.maxQueue) {
      this.meter.refused()
      throw new HoldfastError('OVERLOADED', `Too many requests wait (${this.options.name})`)
    }
    return new Promise<Result>((resolve, reject) => {
      const weight = this.options.weight?.of(item) ?? 1
      this.queue.push({ item, weight, deadline, since: performance.now(), span: tracing()?.current(), resolve, reject })
      this.schedule()
    })
  }

  /** Resolves when a batch of what waits here now is over; at once when nothing waits. */
  async turn(): Promise<void> {
    if (this.queue.length === 0) return
    await new Promise<void>((resolve) => this.turns.push(resolve))
  }

  /** Starts a batch after the input that has arrived already, which may hold more requests, has been read. */
  private schedule(): void {
    if (this.scheduled || this.running >= (this.options.concurrency ?? 1) || this.queue.length === 0) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      void this.flush()
    })
  }

  private async flush(): Promise<void> {
    this.running++
    try {
      await this.options.yieldTo?.turn()
      const batch = this.take()
      // What is left may go at the same time, where more than one batch may.
      this.schedule()
      await this.runBatch(batch)
    } finally {
      this.running--
      const turns = this.turns
      this.turns = []
      for (const done of turns) done()
      this.schedule()
    }
  }

  /** The next batch, in order of arrival; who no longer waits is dropped. */
  private take(): Waiting<Item, Result>[] {
    const { weight } = this.options
    const maxItems = typeof this.options.maxItems === 'function' ? this.options.maxItems() : this.options.maxItems
    const now = Date.now()
    const batch: Waiting<Item, Result>[] = []
    let sum = 0
    let taken = 0
    for (const waiting of this.queue) {
      const late = waiting.deadline <= now
      if (!late && batch.length > 0 && (batch.length >= maxItems || (weight && sum + waiting.weight > weight.max))) break
      taken++
      if (late) {
        this.meter.expired()
        waiting.reject(new HoldfastError('DEADLINE_EXCEEDED', `The time was over before the work began (${this.options.name})`))
      } else {
        batch.push(waiting)
        sum += waiting.weight
      }
    }
    this.queue = taken === this.queue.length ? [] : this.queue.slice(taken)
    const [first] = batch
    if (first !== undefined) this.meter.batch(batch.length, performance.now() - first.since)
    return batch
  }

  private async runTraced(batch: Waiting<Item, Result>[]): Promise<Outcome<Result>[]> {
    const run = async (): Promise<Outcome<Result>[]> => this.options.run(batch.map((waiting) => waiting.item))
    const spans = tracing()
    if (spans === undefined) return run()
    const attributes = { 'holdfast.queue': this.options.name, 'holdfast.batch.items': batch.length }
    const requests = batch.map((waiting) => waiting.span)
    return spans.batch(`combine ${this.options.name}`, requests, attributes, run)
  }

  private async runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    if (batch.length === 0) return
    try {
      const outcomes = await this.runTraced(batch)
      if (outcomes.length !== batch.length)
        throw new Error(`${this.options.name}: ${outcomes.length} outcomes for ${batch.length} items`)
      batch.forEach((waiting, index) => settle(waiting, outcomes[index]))
    } catch (error) {
      if (batch.length === 1 || this.options.split === false || concernsAll(error)) {
        for (const waiting of batch) waiting.reject(error)
      } else {
        const middle = Math.ceil(batch.length / 2)
        await this.runBatch(batch.slice(0, middle))
        await this.runBatch(batch.slice(middle))
      }
    }
  }
}

function settle<Item, Result>(waiting: Waiting<Item, Result>, outcome: Outcome<Result> | undefined): void {
  if (outcome === undefined) waiting.reject(new Error('no outcome'))
  else if ('error' in outcome) waiting.reject(outcome.error)
  else waiting.resolve(outcome.value)
}

/** An error of the way there, not of the data: running the halves again would only meet it twice. */
function concernsAll(error: unknown): boolean {
  return error instanceof HoldfastError && ['UNAVAILABLE', 'OVERLOADED', 'DEADLINE_EXCEEDED', 'CONFLICT'].includes(error.code)
}
