/** Time that has passed while it ran, in ms. */
export class Stopwatch {
  private before = 0
  private startedAt: number | undefined

  get ms(): number {
    return this.before + (this.startedAt === undefined ? 0 : performance.now() - this.startedAt)
  }

  start(): void {
    this.startedAt ??= performance.now()
  }

  stop(): void {
    this.before = this.ms
    this.startedAt = undefined
  }
}
