/**
 * Does the same for each item, at most `limit` at a time, in their order. Rejects with the first failure, when those under way have
 * ended.
 */
export async function inTurns<Item>(items: Iterator<Item>, limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  let failed = false
  const worker = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true && !failed; next = items.next()) {
      try {
        await work(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: limit }, worker))
  const failure = ended.find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason as Error
}
