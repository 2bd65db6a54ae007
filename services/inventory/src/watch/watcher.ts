import type { WatchAvailabilityResponse } from '@holdfast/contracts/inventory'
import type { HoldfastError } from '@holdfast/service'

import { decodeResumeToken, encodeResumeToken } from './resume-token'
import type { WatchedSku } from './watched-sku'

/**
 * One stream's view of its SKUs. Nothing is queued for it but which of them have changed: however slowly it is read, what is
 * sent is the last state of each.
 */
export class Watcher {
  private readonly sent: (Buffer | undefined)[]
  private readonly places: ReadonlyMap<WatchedSku, number>
  private readonly waiting = new Set<number>()
  private failure: HoldfastError | undefined
  private wake: (() => void) | undefined

  /** @param keys of what is watched, which is in their order */
  constructor(
    readonly keys: readonly string[],
    private readonly watched: readonly WatchedSku[],
    resumeToken: string,
  ) {
    this.places = new Map(watched.map((one, place) => [one, place]))
    this.sent = decodeResumeToken(resumeToken, keys) ?? keys.map(() => undefined)
    for (const place of keys.keys()) this.waiting.add(place)
  }

  changed(one: WatchedSku): void {
    const place = this.places.get(one)
    if (place === undefined) return
    this.waiting.add(place)
    this.wake?.()
  }

  /** Ends {@link messages} with an error. */
  fail(failure: HoldfastError): void {
    this.failure = failure
    this.wake?.()
  }

  /** What differs from the resume token, then each change, until the signal is aborted. */
  async *messages(signal: AbortSignal): AsyncGenerator<WatchAvailabilityResponse> {
    const end = (): void => this.wake?.()
    signal.addEventListener('abort', end)
    try {
      for (let first = true; !signal.aborted; first = false) {
        const message = this.take()
        if (first || message.availability.length > 0) yield message
        await this.untilWoken(signal)
        if (this.failure !== undefined) throw this.failure
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  /** All that is new. A state that came and went meanwhile is not: it was sent already. */
  private take(): WatchAvailabilityResponse {
    const availability = []
    for (const place of this.waiting) {
      const one = this.watched[place]
      if (one === undefined || this.sent[place]?.equals(one.digest) === true) continue
      this.sent[place] = one.digest
      availability.push(one.state)
    }
    this.waiting.clear()
    const digests = this.sent.flatMap((digest) => digest ?? [])
    return { availability, resumeToken: encodeResumeToken(this.keys, digests) }
  }

  private async untilWoken(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.waiting.size > 0 || this.failure !== undefined) return
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.wake = undefined
  }
}
