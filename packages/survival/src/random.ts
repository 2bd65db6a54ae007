import { createHash } from 'node:crypto'

/**
 * Draws that are the same for the same seed and name, whatever others draw: the nth is a hash. So one client's choices do not
 * depend on how fast another is.
 */
export class Random {
  private drawn = 0

  constructor(
    private readonly seed: number,
    private readonly name: string,
  ) {}

  /** Another row of draws. */
  of(name: string | number): Random {
    return new Random(this.seed, `${this.name}/${name}`)
  }

  /** From 0 to below 1. */
  fraction(): number {
    const hash = createHash('sha256')
      .update(`${this.seed}/${this.name}/${this.drawn++}`)
      .digest()
    return hash.readUIntBE(0, 6) / 2 ** 48
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** @throws Error for an empty list */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.whole(0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** One of the names, each as often as its number says. */
  weighted<Name extends string>(weights: Record<Name, number>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    throw new Error('nothing has a weight')
  }
}
