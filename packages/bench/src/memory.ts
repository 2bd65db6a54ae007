import { median } from './statistics'

/** Resident bytes of each process, taken at equal distances. */
export interface MemorySeries {
  everySeconds: number
  bytes: Record<string, number[]>
}

/** As many samples of one load are kept at most. */
const mostSamples = 100

/** Begins to look at the memory of processes. @param seconds how long it will go on */
export function watchMemory(read: () => Record<string, number>, seconds: number): { stop: () => MemorySeries } {
  const everySeconds = Math.max(0.5, seconds / mostSamples)
  const bytes: Record<string, number[]> = {}
  const look = (): void => {
    for (const [name, value] of Object.entries(read())) (bytes[name] ??= []).push(value)
  }
  look()
  const timer = setInterval(look, everySeconds * 1000)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return { everySeconds, bytes }
    },
  }
}

/** The most that any one of the processes had. */
export function mostBytes({ bytes }: MemorySeries): number {
  return Math.max(0, ...Object.values(bytes).flat())
}

/**
 * How a series moves once it is warm: the median of its last quarter over that of its second. 1 is flat; 1.1 has grown by a
 * tenth. Undefined when it is too short to tell.
 */
export function growth(values: readonly number[]): number | undefined {
  const quarter = Math.floor(values.length / 4)
  if (quarter < 2) return undefined
  return median(values.slice(-quarter)) / median(values.slice(quarter, 2 * quarter))
}
