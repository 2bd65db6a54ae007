import { setTimeout as sleep } from 'node:timers/promises'

import { ConfigError, readConfig, serviceShape } from './config'

/** What a started service leaves behind to be stopped, last started first stopped. */
export type Stopper = () => Promise<void> | void

/** How long a stop may take before the process leaves all the same, in ms. */
const stopTimeoutMs = 15_000

let serving = false
let leaving = false
const toldOfLeaving = new Set<() => void>()

/** Whether this process's service has started and was not told to stop: what /readyz of its metrics listener says. */
export function isServing(): boolean {
  return serving
}

/** Whether this process was told to stop. For `STOP_DELAY_MS` it still takes what comes, so that whoever asks hears of it before it is gone. */
export function isLeaving(): boolean {
  return leaving
}

/** Has `tell` called as soon as this process is told to stop. @returns forgets it */
export function whenLeaving(tell: () => void): () => void {
  toldOfLeaving.add(tell)
  return () => toldOfLeaving.delete(tell)
}

/**
 * Runs a service process: starts it, tells its parent (if it has one) that it is ready, and stops it in order on SIGTERM (after
 * `STOP_DELAY_MS`), SIGINT, or when the parent is gone, finishing what is under way.
 * @param start wires the service up; registers with `onStop` what has to be stopped; answers what the parent is told
 */
export async function runService(
  name: string,
  start: (onStop: (stopper: Stopper) => void) => Promise<Record<string, unknown>>,
): Promise<void> {
  const stoppers: Stopper[] = []
  let stopping = false
  const stop = async (exitCode: number): Promise<void> => {
    if (stopping) return
    stopping = true
    tellLeaving()
    setTimeout(() => process.exit(exitCode === 0 ? 1 : exitCode), stopTimeoutMs).unref()
    for (const stopper of stoppers.reverse()) {
      try {
        await stopper()
      } catch (error) {
        exitCode = 1
        process.stderr.write(`${name}: while stopping: ${error instanceof Error ? error.stack : String(error)}\n`)
      }
    }
    process.exit(exitCode)
  }
  // Who balances calls looks at readiness every now and then, and goes on calling meanwhile. A second signal waits for nobody.
  const leave = async (): Promise<void> => {
    if (!serving) return stop(0)
    tellLeaving()
    await sleep(readConfig({ STOP_DELAY_MS: serviceShape.STOP_DELAY_MS }).STOP_DELAY_MS)
    return stop(0)
  }
  process.on('SIGTERM', () => void leave())
  process.once('SIGINT', () => void stop(0))
  process.once('disconnect', () => void stop(0))
  const crash = (error: unknown): void => {
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`)
    void stop(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  try {
    const facts = await start((stopper) => stoppers.push(stopper))
    serving = !stopping
    process.send?.({ type: 'ready', ...facts })
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${name}: the configuration is wrong\n${error.message}\n`)
    else process.stderr.write(`${name}: could not start: ${error instanceof Error ? error.stack : String(error)}\n`)
    await stop(1)
  }
}

function tellLeaving(): void {
  serving = false
  leaving = true
  for (const tell of toldOfLeaving) tell()
  toldOfLeaving.clear()
}
