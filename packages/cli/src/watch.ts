import { clearScreenDown, moveCursor } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Availability, HoldfastApiError } from '@holdfast/client'

import type { Call } from './call'
import { failureOf } from './failure'
import { painter, renderTable } from './table'
import { availabilityView, toRows } from './views'

/** Between two tries to reach a gateway that is away, in ms. */
const awayMs = 1_000

/** Shows what can be reserved, and each change, until `signal`. A gateway that goes away is waited for, and asked to go on where it was. */
export async function watchAvailability(
  { client, url, out, signal }: Call,
  request: { skus: string[]; channel?: string },
): Promise<void> {
  const inPlace = process.stdout.isTTY && !out.forPrograms
  const screen = new Screen(request.skus)
  let resumeToken: string | undefined
  for (let begun = false; ;) {
    try {
      for await (const message of client.watchAvailability({ ...request, resumeToken }, { signal })) {
        begun = true
        resumeToken = message.resumeToken || resumeToken
        if (message.availability.length === 0) continue
        if (inPlace) screen.show(message.availability)
        else await out.json(message)
      }
    } catch (error) {
      if (signal.aborted) return
      // The first time it is no restart, and a refusal that stays one is told.
      if (!begun || !isPassing(error)) throw error
      if (inPlace) screen.say(failureOf(error, url).problem.detail)
      else out.note(`The connection is lost: ${failureOf(error, url).problem.detail}`)
      await sleep(awayMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof HoldfastApiError
    ? error.status === 429 || error.status >= 500
    : failureOf(error).problem.code === 'UNAVAILABLE'
}

/** A table that is drawn over itself. */
class Screen {
  readonly #levels = new Map<string, Availability>()
  readonly #paint = painter(process.stdout)
  #drawn = 0

  constructor(private readonly skus: readonly string[]) {}

  show(changed: readonly Availability[]): void {
    for (const level of changed) this.#levels.set(level.sku, level)
    this.say(`changed at ${new Date().toLocaleTimeString('en-GB')}; Ctrl-C ends it`)
  }

  /** @param line below the table */
  say(line: string): void {
    const columns = Object.values(availabilityView.columns)
    const levels = this.skus.flatMap((sku) => this.#levels.get(sku.toUpperCase()) ?? [])
    const rows = levels.flatMap(toRows).map((row) => columns.map((of) => of(row)))
    const text = [renderTable(Object.keys(availabilityView.columns), rows, this.#paint), this.#paint(line, 'faint'), ''].join(
      '\n',
    )
    if (this.#drawn > 0) moveCursor(process.stdout, 0, -this.#drawn)
    clearScreenDown(process.stdout)
    process.stdout.write(text)
    this.#drawn = text.split('\n').length - 1
  }
}
