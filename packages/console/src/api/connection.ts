/**
 * Whether the gateway is there. A request that finds nobody says that it is gone; from then on it is asked for its health
 * until it answers. Meanwhile TanStack Query keeps what it has and asks for nothing, and afterwards asks again for what is shown.
 */
import { onlineManager } from '@tanstack/react-query'

import { observeServerTime } from './clock.ts'

/** How often it is asked whether it is back, ms. */
const probeMs = 1_500

let probing: ReturnType<typeof setTimeout> | undefined

/** `fetch` that notes the server's clock, and whether there was anybody. */
export async function watchedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const sentAt = performance.now()
  try {
    const response = await fetch(input, init)
    observeServerTime(response.headers.get('date'), sentAt, performance.now())
    if (!onlineManager.isOnline() && !isProxysWord(response)) found()
    return response
  } catch (error) {
    if (error instanceof TypeError && init?.signal?.aborted !== true) lost()
    throw error
  }
}

/**
 * Tries until it is done: again when the connection is found again, and after pauses that grow from two seconds to a minute.
 * @param attempt whether it is done; does not reject
 */
export async function untilDone(attempt: () => Promise<boolean>): Promise<void> {
  for (let pauseMs = 2_000; !(await attempt()); pauseMs = Math.min(2 * pauseMs, 60_000)) await pauseOrConnection(pauseMs)
}

async function pauseOrConnection(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      clearTimeout(timer)
      unsubscribe()
      resolve()
    }
    const timer = setTimeout(go, ms)
    const unsubscribe = onlineManager.subscribe((isOnline) => {
      if (isOnline) go()
    })
  })
}

/** From the first sign that nobody answers. */
function lost(): void {
  onlineManager.setOnline(false)
  probing ??= setTimeout(() => void probe(), probeMs)
}

function found(): void {
  clearTimeout(probing)
  probing = undefined
  onlineManager.setOnline(true)
}

async function probe(): Promise<void> {
  probing = undefined
  try {
    const response = await fetch('/healthz', { cache: 'no-store' })
    if (response.ok) found()
    else lost()
  } catch {
    lost()
  }
}

/** A proxy before the gateway answers in its place. */
function isProxysWord({ status }: Response): boolean {
  return status === 502 || status === 504
}

/** The browser's own word; it knows cables, and nothing of the gateway. */
export function watchConnection(): void {
  onlineManager.setEventListener(() => {
    const ask = (): void => void probe()
    addEventListener('offline', lost)
    addEventListener('online', ask)
    return () => {
      removeEventListener('offline', lost)
      removeEventListener('online', ask)
    }
  })
}
