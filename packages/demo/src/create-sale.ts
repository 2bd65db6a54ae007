import type { Sale_Strategy, CreateSaleRequest, CreateSaleResponse } from '@holdfast/contracts/demo'
import { type CallContext, type FieldProblem, HoldfastError, idempotencyKey, operationId, timeOrderedId } from '@holdfast/service'

import type { Parts } from './parts'
import { runSale } from './run-sale'
import { type Plan, Sale } from './sale'

/** Of units, and of shoppers. */
const most = 5_000

/**
 * Makes the product of a sale, as the admin who asks: that is what is recorded of it, beside what the shoppers do. The sale itself is
 * in this process alone.
 */
export async function createSale(parts: Parts, request: CreateSaleRequest, ctx: CallContext): Promise<CreateSaleResponse> {
  const { sales } = parts
  const wanted = checkWanted(request)
  const key = idempotencyKey(ctx, request.clientToken)
  const id = key === undefined ? timeOrderedId() : operationId(ctx.actor.id, 'create-sale', key)
  const known = sales.find(id)
  if (known !== undefined) return { sale: repeated(known, wanted).toMessage(), requestId: ctx.requestId, replayed: true }

  const sku = `SALE-${id.replaceAll('-', '').slice(-8).toUpperCase()}`
  const sale = new Sale({ id, sku, ...wanted }, parts.patienceMs)
  sales.add(sale)
  try {
    await makeProduct(parts, sale.plan, ctx)
  } catch (error) {
    sale.ends('FAILED')
    sales.forget(sale)
    throw error
  }
  sale.played = runSale(sale, parts)
  return { sale: sale.toMessage(), requestId: ctx.requestId, replayed: false }
}

type Wanted = Pick<Plan, 'stock' | 'shoppers' | 'strategy'>

/** @throws INVALID_ARGUMENT that names each field that is wrong */
function checkWanted({ stock, shoppers, strategy }: CreateSaleRequest): Wanted {
  const fields: FieldProblem[] = []
  if (stock < 1 || stock > most) fields.push({ field: 'stock', message: `must be from 1 to ${most}` })
  if (shoppers < 1 || shoppers > most) fields.push({ field: 'shoppers', message: `must be from 1 to ${most}` })
  const chosen = strategyOf(strategy)
  if (chosen === undefined) fields.push({ field: 'strategy', message: 'must be COMBINING, PESSIMISTIC or OPTIMISTIC' })
  const [first] = fields
  if (first !== undefined || chosen === undefined)
    throw new HoldfastError('INVALID_ARGUMENT', `${first?.field}: ${first?.message}`, { fields })
  return { stock, shoppers, strategy: chosen }
}

function strategyOf(strategy: Sale_Strategy): Plan['strategy'] | undefined {
  if (strategy === 'STRATEGY_UNSPECIFIED') return 'COMBINING'
  return strategy === 'UNRECOGNIZED' ? undefined : strategy
}

function repeated(sale: Sale, { stock, shoppers, strategy }: Wanted): Sale {
  const { plan } = sale
  if (plan.stock === stock && plan.shoppers === shoppers && plan.strategy === strategy) return sale
  throw new HoldfastError('IDEMPOTENCY_KEY_REUSED', 'This key was used to start another sale')
}

async function makeProduct({ inventory }: Parts, { id, sku, stock }: Plan, ctx: CallContext): Promise<void> {
  const { replayed } = await inventory.createProduct(
    {
      sku,
      name: `Flash sale of ${stock.toLocaleString('en-GB')}`,
      description: 'Made for a simulated sale.',
      price: { currency: 'USD', amountMinor: 4_900n },
      stock,
      clientToken: `sale-${id}`,
      lowStockAt: undefined,
      parts: [],
      mostPerShopper: undefined,
      waitlistFirst: undefined,
      backorder: undefined,
    },
    ctx,
  )
  // Its product is there, and nobody knows what became of the sale.
  if (replayed) throw new HoldfastError('CONFLICT', 'This sale was started before, and is not known any more: start another')
}
