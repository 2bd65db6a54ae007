/** A wait that a ring ends early; a ring while nobody waits is kept for the next one. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    if (this.#wake === undefined) this.#rung = true
    else this.#wake()
  }

  /** Resolves after `ms`, at a ring, or when `signal` is aborted; never rejects. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          this.#wake = undefined
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done)
        this.#wake = done
      })
    }
    this.#rung = false
  }
}

/** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Bell().wait(ms, signal)
}
