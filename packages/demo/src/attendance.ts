/** Who watches a sale, and for how long nobody has. */

/** How long a sale waits for its first watcher, in ms. */
const firstMs = 60_000

export class Attendance {
  private watchers = 0
  private timer: NodeJS.Timeout | undefined
  private come: (() => void) | undefined
  private present: Promise<void> | undefined

  /**
   * @param patienceMs how long it waits for one to come back: a gateway that is started again takes some seconds
   * @param onGone called when nobody has watched for too long
   */
  constructor(
    private readonly patienceMs: number,
    private readonly onGone: () => void,
  ) {
    this.wait(firstMs)
  }

  /** @returns call it when the watcher leaves */
  enter(): () => void {
    this.watchers++
    clearTimeout(this.timer)
    this.come?.()
    this.present = undefined
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      this.watchers--
      if (this.watchers === 0) this.wait(this.patienceMs)
    }
  }

  /** Resolves while somebody watches; undefined: somebody does. */
  absence(): Promise<void> | undefined {
    return this.present
  }

  close(): void {
    clearTimeout(this.timer)
    this.come?.()
  }

  private wait(ms: number): void {
    this.present = new Promise((resolve) => (this.come = resolve))
    this.timer = setTimeout(this.onGone, ms)
    this.timer.unref()
  }
}
