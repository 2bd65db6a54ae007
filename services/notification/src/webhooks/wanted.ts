/** Which event types any endpoint wants, known without asking the database for every batch of events. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Database } from '@holdfast/service'

import { readWanting, type Wanting } from '../sql/endpoints'
import { wants } from './event-types'

/** What is known is asked for again after so long, and not believed after the other, in ms. */
const refreshMs = 250
const believedMs = 500

/**
 * Resolves when no process can still believe what was so before a change that is committed: whoever is told of the change
 * after that misses no event by it.
 */
export async function untilAllKnow(): Promise<void> {
  await sleep(believedMs)
}

/**
 * Says of a type whether an endpoint may want it. In doubt it says yes, and whoever handles the event asks the database. It
 * is asked for only while events come.
 */
export class WantedTypes {
  #known: Wanting[] = []
  /** When the question was put whose answer is known. */
  #asOf = -Infinity
  #asking = false

  constructor(private readonly database: Database) {}

  mayBeWanted(type: string): boolean {
    const age = performance.now() - this.#asOf
    if (age > refreshMs && !this.#asking) void this.#ask()
    return age > believedMs || this.#known.some((endpoint) => wants(endpoint.event_types, type))
  }

  async #ask(): Promise<void> {
    this.#asking = true
    const asOf = performance.now()
    try {
      this.#known = await readWanting(this.database.pool)
      this.#asOf = asOf
    } catch {
      // Not known is in doubt: the handler meets the database's absence itself, and waits for it.
    } finally {
      this.#asking = false
    }
  }
}
