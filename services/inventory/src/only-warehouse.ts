import type { Pool } from 'pg'

import { findOnlyWarehouse } from './sql/world'

/** How long it is believed, in ms. Whoever would be refused has it looked up again by `hold_batch` itself. */
const believedMs = 1_000

/** A shop with one warehouse has nothing to choose: its lines are given that one, and nothing is planned for want of a name. */
export class OnlyWarehouse {
  private known: { code: string | undefined; until: number } | undefined

  constructor(private readonly pool: Pool) {}

  /** @returns undefined: there are several; that stays so */
  async only(): Promise<string | undefined> {
    const now = performance.now()
    if (this.known === undefined || (this.known.code !== undefined && now > this.known.until)) {
      this.known = { code: await findOnlyWarehouse(this.pool), until: now + believedMs }
    }
    return this.known.code
  }

  forget(): void {
    this.known = undefined
  }
}
