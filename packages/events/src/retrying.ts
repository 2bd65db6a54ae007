import type { Logger } from 'pino'

const firstDelayMs = 100
const maxDelayMs = 5_000

/** How long to wait after the nth failure in a row, in ms: doubling, with jitter so that many do not return at once. */
export function backoffMs(failures: number): number {
  const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - 1))
  return ceiling * (0.5 + Math.random() / 2)
}

/** Something tried again for as long as it fails. It is logged when it begins to fail and when it works again, not in between. */
export class Retrying {
  #failures = 0

  /** @param what as a sentence's subject: `publishing events` */
  constructor(
    private readonly log: Logger,
    private readonly what: string,
  ) {}

  /** @returns how long to wait before the next try, in ms */
  failed(error: unknown): number {
    this.#failures++
    if (this.#failures === 1) this.log.warn({ err: error }, `${this.what} fails; trying again until it works`)
    return backoffMs(this.#failures)
  }

  succeeded(): void {
    if (this.#failures > 0) this.log.info({ failures: this.#failures }, `${this.what} works again`)
    this.#failures = 0
  }
}
