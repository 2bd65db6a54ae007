import type { Availability } from '@holdfast/contracts/inventory'

import type { View } from '../sql/levels'
import { digestOf } from './resume-token'
import type { Watcher } from './watcher'

/** A SKU that somebody watches, as one channel sees it: its state is kept once, however many watch it. */
export class WatchedSku {
  readonly watchers = new Set<Watcher>()
  private text: string
  private known: Buffer | undefined

  constructor(
    readonly view: View,
    private current: Availability,
  ) {
    this.text = JSON.stringify(current)
  }

  get state(): Availability {
    return this.current
  }

  get digest(): Buffer {
    return (this.known ??= digestOf(this.current))
  }

  /** What was read last; who watches is told if it is something new. */
  update(state: Availability): void {
    const text = JSON.stringify(state)
    if (text === this.text) return
    this.current = state
    this.text = text
    this.known = undefined
    for (const watcher of this.watchers) watcher.changed(this)
  }
}
