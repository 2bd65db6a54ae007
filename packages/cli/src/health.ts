import { CliProblem } from './problem'

/** What the gateway says of itself and of what is behind it (`/readyz`). */
export interface Health {
  status: string
  ready: boolean
  /** Each part by name: `ok`, or what is wrong. */
  parts: Record<string, string>
  /** Those that do not answer, and are needed. */
  missing: string[]
}

/** Services may take their time to say that they are well, and then the gateway says that they do not, in ms. */
const timeoutMs = 10_000

/** @throws CliProblem when what answers is no gateway; what `fetch` throws when nothing does */
export async function readHealth(url: string, signal: AbortSignal): Promise<Health> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
  const text = await response.text()
  try {
    const health = JSON.parse(text) as Health
    if (typeof health.ready === 'boolean') return health
  } catch {
    // Told below.
  }
  throw new CliProblem(`what answers at ${url} is not Holdfast: ${response.status} ${text.slice(0, 80)}`, 'unavailable')
}
