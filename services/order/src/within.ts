import { HoldfastError } from '@holdfast/service'

/** Waits for the payment provider's answer so long and no longer. @throws DEADLINE_EXCEEDED */
export async function within<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      limit.abort()
      reject(new HoldfastError('DEADLINE_EXCEEDED', 'The payment provider did not answer in time'))
    }, ms).unref()
  })
  try {
    return await Promise.race([ask(limit.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
