import { Combiner, type CombinerOptions, type Outcome } from './combiner'
import { HoldfastError } from './errors'

const soon = (): number => Date.now() + 10_000

/** A combiner whose batches wait until they are let go. */
function gated(options: Partial<CombinerOptions<number, number>> = {}) {
  const batches: number[][] = []
  const gates: (() => void)[] = []
  const combiner = new Combiner<number, number>({
    name: 'test',
    maxItems: 100,
    maxQueue: 1_000,
    run: async (items): Promise<Outcome<number>[]> => {
      batches.push(items)
      await new Promise<void>((resolve) => gates.push(resolve))
      return items.map((value) => ({ value: value * 2 }))
    },
    ...options,
  })
  const nextBatch = async (): Promise<void> => {
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve))
    gates.shift()?.()
  }
  return { combiner, batches, nextBatch }
}

test('a lone request goes at once, and what arrives meanwhile goes together in the order of arrival', async () => {
  const { combiner, batches, nextBatch } = gated()
  const first = combiner.submit(1, soon())
  await nextBatch()
  expect(await first).toBe(2)
  const alone = combiner.submit(2, soon())
  while (batches.length < 2) await new Promise((resolve) => setImmediate(resolve))
  const together = [3, 4, 5].map(async (item) => combiner.submit(item, soon()))
  await nextBatch()
  await nextBatch()
  expect(await Promise.all([alone, ...together])).toEqual([4, 6, 8, 10])
  expect(batches).toEqual([[1], [2], [3, 4, 5]])
})

test('a batch is bounded by items and by weight, and a heavy item goes alone', async () => {
  const batches: number[][] = []
  const run = async (items: number[]): Promise<Outcome<number>[]> => {
    batches.push(items)
    return Promise.resolve(items.map((value) => ({ value })))
  }
  const combiner = new Combiner<number, number>({
    name: 'test',
    maxItems: 3,
    maxQueue: 100,
    weight: { of: (item) => item, max: 10 },
    run,
  })
  await Promise.all([1, 1, 1, 1, 50, 5, 5, 5].map(async (item) => combiner.submit(item, soon())))
  expect(batches).toEqual([[1, 1, 1], [1], [50], [5, 5], [5]])
})

test('how many go together may depend on the moment', async () => {
  let most = 2
  const { combiner, batches, nextBatch } = gated({ maxItems: () => most })
  const all = [1, 2, 3, 4, 5, 6].map(async (item) => combiner.submit(item, soon()))
  await nextBatch()
  most = 10
  await nextBatch()
  await Promise.all(all)
  expect(batches).toEqual([
    [1, 2],
    [3, 4, 5, 6],
  ])
})

test('a full queue answers OVERLOADED with a time to try again', async () => {
  const { combiner, nextBatch } = gated({ maxQueue: 1 })
  const waiting = combiner.submit(1, soon())
  await expect(combiner.submit(2, soon())).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterMs: 1000 })
  await nextBatch()
  expect(await waiting).toBe(2)
})

test('who no longer waits is dropped before work is done', async () => {
  const { combiner, batches, nextBatch } = gated()
  const late = combiner.submit(1, Date.now() - 1)
  const inTime = combiner.submit(2, soon())
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await nextBatch()
  expect(await inTime).toBe(4)
  expect(batches).toEqual([[2]])
})

test("one item's error is its own", async () => {
  const run = async (items: number[]): Promise<Outcome<number>[]> =>
    Promise.resolve(items.map((value) => (value === 2 ? { error: new HoldfastError('NOT_FOUND', 'no 2') } : { value })))
  const combiner = new Combiner<number, number>({ name: 'test', maxItems: 10, maxQueue: 10, run })
  const answers = await Promise.allSettled([1, 2, 3].map(async (item) => combiner.submit(item, soon())))
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test("a batch that fails for one item's data is split until that item fails alone", async () => {
  const run = async (items: number[]): Promise<Outcome<number>[]> => {
    if (items.includes(5)) throw new Error('bad data')
    return Promise.resolve(items.map((value) => ({ value })))
  }
  const combiner = new Combiner<number, number>({ name: 'test', maxItems: 10, maxQueue: 10, run })
  const answers = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7].map(async (item) => combiner.submit(item, soon())))
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'failed'))).toEqual([1, 2, 3, 4, 'failed', 6, 7])
})

test('what is not repeatable is not run again: the whole batch fails', async () => {
  let runs = 0
  const run = async (): Promise<Outcome<number>[]> => {
    runs++
    return Promise.reject(new Error('who knows what became of it'))
  }
  const combiner = new Combiner<number, number>({ name: 'test', maxItems: 10, maxQueue: 10, split: false, run })
  const answers = await Promise.allSettled([1, 2, 3].map(async (item) => combiner.submit(item, soon())))
  expect(answers.every((answer) => answer.status === 'rejected')).toBe(true)
  expect(runs).toBe(1)
})

test('an outage concerns all: it is not run again item by item', async () => {
  let runs = 0
  const run = async (): Promise<Outcome<number>[]> => {
    runs++
    return Promise.reject(new HoldfastError('UNAVAILABLE', 'the database is away'))
  }
  const combiner = new Combiner<number, number>({ name: 'test', maxItems: 10, maxQueue: 10, run })
  const answers = await Promise.allSettled([1, 2, 3].map(async (item) => combiner.submit(item, soon())))
  expect(answers.every((answer) => answer.status === 'rejected')).toBe(true)
  expect(runs).toBe(1)
})

test('an answer of the wrong length fails instead of mixing up the callers', async () => {
  const combiner = new Combiner<number, number>({
    name: 'test',
    maxItems: 10,
    maxQueue: 10,
    run: async () => Promise.resolve([]),
  })
  await expect(combiner.submit(1, soon())).rejects.toThrow('0 outcomes for 1 items')
})

test('another queue that goes first gets its turn before the next batch', async () => {
  const order: string[] = []
  const log =
    (name: string) =>
    async (items: number[]): Promise<Outcome<number>[]> => {
      order.push(name)
      return Promise.resolve(items.map((value) => ({ value })))
    }
  const first = new Combiner<number, number>({ name: 'first', maxItems: 10, maxQueue: 10, run: log('first') })
  const second = new Combiner<number, number>({ name: 'second', maxItems: 10, maxQueue: 10, run: log('second'), yieldTo: first })
  await Promise.all([second.submit(1, soon()), first.submit(1, soon())])
  expect(order).toEqual(['first', 'second'])
})
