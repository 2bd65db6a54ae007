import type { Sale as SaleMessage } from '@holdfast/contracts/demo'
import { checkUuid, HoldfastError, notFound } from '@holdfast/service'

import type { Sale } from './sale'

/** Those that are over are remembered, as many. */
const mostKept = 20

/** The sales of this process, at most one of them under way. Gone with it: what they did is the shop's to remember. */
export class Sales {
  private readonly known = new Map<string, Sale>()

  find(id: string): Sale | undefined {
    return this.known.get(id)
  }

  /** The newest first, without what became of each shopper. */
  newest(): SaleMessage[] {
    return [...this.known.values()].toReversed().map((sale) => ({ ...sale.toMessage(), states: Buffer.alloc(0) }))
  }

  /** @throws INVALID_ARGUMENT, NOT_FOUND */
  get(id: string): Sale {
    const sale = this.known.get(checkUuid('id', id))
    if (sale === undefined) throw notFound('sale', id)
    return sale
  }

  /** @throws CONFLICT while another is under way: two would take the machine from each other, and neither figure would be worth anything */
  add(sale: Sale): void {
    const other = [...this.known.values()].find(({ isOver }) => !isOver)
    if (other !== undefined) throw new HoldfastError('CONFLICT', `Another sale is under way: ${other.id}`)
    this.known.set(sale.id, sale)
    const [oldest] = this.known.keys()
    if (this.known.size > mostKept && oldest !== undefined) this.known.delete(oldest)
  }

  forget({ id }: Sale): void {
    this.known.delete(id)
  }

  /** Resolves when the shoppers have gone home. */
  async stop(): Promise<void> {
    await Promise.all([...this.known.values()].map(async (sale) => sale.stop('The demo service stops')))
  }
}
