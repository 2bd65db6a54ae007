/** What a trial has found, told when it is found. */
export class Facts {
  private failures = 0

  constructor(private readonly say: (line: string) => void) {}

  note(what: string, found: string): void {
    this.say(`${what}: ${found}`)
  }

  /** A span of time, in ms. */
  time(what: string, ms: number): void {
    this.note(what, `${(ms / 1000).toFixed(1)} s`)
  }

  /** How long some work takes. */
  async timed(what: string, work: () => Promise<unknown>): Promise<void> {
    const from = performance.now()
    await work()
    this.time(what, performance.now() - from)
  }

  expect(what: string, expected: number, found: number): void {
    const right = expected === found
    if (!right) this.failures++
    this.say(`${what}: ${found}${right ? '' : `   WRONG, it has to be ${expected}`}`)
  }

  get allRight(): boolean {
    return this.failures === 0
  }
}
