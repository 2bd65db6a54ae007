import { Presets, SingleBar } from 'cli-progress'

/** Something with a known number of steps that is under way. */
export interface Step {
  /** @param by how many of its steps are done; 1 */
  tick: (by?: number) => void
  /** @returns how long it took, in ms */
  end: () => number
}

export interface Progress {
  say: (line: string) => void
  begin: (what: string, total: number) => Step
  /** Ends what is under way, when something failed: a bar would go on being drawn. */
  stop: () => void
}

/** A bar on a terminal; elsewhere one plain line at the end of each step. */
export function createProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  const say = (line: string): void => void out.write(`${line}\n`)
  let stop = (): void => undefined
  return {
    say,
    begin: (what, total) => {
      const begunAt = performance.now()
      const ticker = out.isTTY ? drawBar(out, what, total) : countUp(say, what, total)
      stop = ticker.stop
      return {
        tick: ticker.tick,
        end: () => {
          const ms = performance.now() - begunAt
          stop = () => undefined
          ticker.end(ms)
          return ms
        },
      }
    },
    stop: () => stop(),
  }
}

interface Ticker {
  tick: (by?: number) => void
  end: (ms: number) => void
  stop: () => void
}

function drawBar(stream: NodeJS.WriteStream, what: string, total: number): Ticker {
  const bar = new SingleBar(
    { stream, format: `  {what} {bar} {value}/{total}`, barsize: 30, gracefulExit: false },
    Presets.shades_classic,
  )
  bar.start(total, 0, { what: what.padEnd(36) })
  return { tick: (by = 1) => bar.increment(by), end: () => bar.stop(), stop: () => bar.stop() }
}

function countUp(say: (line: string) => void, what: string, total: number): Ticker {
  let done = 0
  return {
    tick: (by = 1) => void (done += by),
    end: (ms) => say(`  ${what}: ${done} of ${total} (${(ms / 1000).toFixed(1)} s)`),
    stop: () => undefined,
  }
}

/** For programs that read what a command prints. */
export const noProgress: Progress = {
  say: () => undefined,
  begin: () => {
    const begunAt = performance.now()
    return { tick: () => undefined, end: () => performance.now() - begunAt }
  },
  stop: () => undefined,
}
