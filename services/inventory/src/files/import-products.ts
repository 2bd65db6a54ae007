import {
  type ImportProductsRequest,
  type ImportProductsResponse,
  ProductCreated,
  ProductUpdated,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CsvRow, productFile, type ProductRow as Said } from '@holdfast/goods'
import { type CallContext, type Database, invalidField } from '@holdfast/service'
import type { Pool, PoolClient } from 'pg'

import { untilRulesStand } from '../change-rules'
import { countClaims } from '../sql/claims'
import { insertProducts, lockProducts, updateProducts } from '../sql/import-products'
import { findProducts, type ProductRow, toProduct } from '../sql/products'
import { lockRules, RulesMoved, withPatience } from '../sql/rules'
import { checkSku } from '../validate'
import { importOnce, keyOf, type Outcome, readImport, refuseRows } from './import-file'
import { planProducts, type ProductPlan, type Update } from './plan-products'

const mostAssumed = 5_000

/**
 * Makes and changes products as the rows say, all of them or none. Each that changed leaves its own event, as if it had been done by hand.
 * @throws INVALID_ARGUMENT that names the cells that are wrong
 */
export async function importProducts(
  database: Database,
  request: ImportProductsRequest,
  ctx: CallContext,
): Promise<ImportProductsResponse> {
  const rows = await readImport(request.file, productFile)
  if (request.validateOnly) {
    const plan = await planned(database.pool, rows, checkAssumed(request.assumed))
    return { ...outcomeOf(plan), requestId: ctx.requestId, replayed: false }
  }
  if (request.assumed.length > 0) throw invalidField('assumed', 'goes with validateOnly')
  const key = keyOf('import-products', request, [], ctx)
  const outcome = await untilRulesStand(database, ctx, async (client) =>
    importOnce(client, key, async () => write(client, rows, await planned(client, rows), ctx)),
  )
  return { ...outcome, requestId: ctx.requestId }
}

function checkAssumed(skus: string[]): Set<string> {
  if (skus.length > mostAssumed) throw invalidField('assumed', `must be at most ${mostAssumed}`)
  return new Set(skus.map((sku, index) => checkSku(`assumed[${index}]`, sku)))
}

const noneAssumed: ReadonlySet<string> = new Set()

/** Locks nothing. */
async function planned(
  db: Pool | PoolClient,
  rows: readonly CsvRow<Said>[],
  assumed: ReadonlySet<string> = noneAssumed,
): Promise<ProductPlan> {
  const skus = rows.flatMap(({ row }) => [row.sku, ...(row.parts ?? []).map((part) => part.sku)])
  const plan = planProducts(rows, await findProducts(db, [...new Set(skus)]), assumed)
  refuseRows(plan.problems.sort((a, b) => a.line - b.line))
  return plan
}

/**
 * Locks: new products by SKU, which others only wait for who hold nothing that is wanted here; levels by (sku, warehouse) of the products whose rules change,
 * and these products; then the others, by SKU. What was planned is read again under the locks.
 */
async function write(client: PoolClient, rows: readonly CsvRow<Said>[], first: ProductPlan, ctx: CallContext): Promise<Outcome> {
  if ((await insertProducts(client, first.creates)) < first.creates.length) throw new RulesMoved('a product was made meanwhile')
  const made = new Set(first.creates.map(({ sku }) => sku))
  const ruled = skusOf(first.updates.filter(({ ofRules }) => ofRules))
  if (ruled.length > 0) await lockRules(client, ruled)
  const skus = rows.map(({ row }) => row.sku)
  // Whoever changes a bundle has it, and wants its parts (a foreign key), which may be ours.
  if (ruled.length > 0) await withPatience(client, skus, async () => lockProducts(client, skus))
  else await lockProducts(client, skus)
  const plan = await planned(
    client,
    rows.filter(({ row }) => !made.has(row.sku)),
  )
  const alsoRuled = plan.updates.filter(({ ofRules, before }) => ofRules && !ruled.includes(before.sku))
  if (alsoRuled.length > 0) throw new RulesMoved(`${skusOf(alsoRuled).join(', ')}: changed meanwhile`)
  await updateProducts(client, plan.updates)
  const newlyLimited = plan.updates.filter(
    ({ before, wanted }) => before.most_per_shopper === null && wanted.most_per_shopper !== null,
  )
  await countClaims(client, skusOf(newlyLimited))
  await tell(client, [...made], plan.updates, ctx)
  return { created: made.size, changed: plan.updates.length, unchanged: plan.unchanged }
}

const skusOf = (updates: readonly Update[]): string[] => updates.map(({ before }) => before.sku)

async function tell(client: PoolClient, made: readonly string[], updates: readonly Update[], ctx: CallContext): Promise<void> {
  const now = await findProducts(client, [...made, ...skusOf(updates)])
  const at = (sku: string): ProductRow => {
    const row = now.get(sku)
    if (row === undefined) throw new Error(`product ${sku} was written and is not there`)
    return row
  }
  const created = made.map((sku) => {
    const data = ProductCreated.toJSON({ after: toProduct(at(sku)), stock: 0 })
    return createEvent({ type: 'holdfast.product.created.v1', data, key: sku, subject: sku, version: at(sku).version, ctx })
  })
  const updated = updates.map(({ before }) => {
    const { sku } = before
    const data = ProductUpdated.toJSON({ before: toProduct(before), after: toProduct(at(sku)) })
    return createEvent({ type: 'holdfast.product.updated.v1', data, key: sku, subject: sku, version: at(sku).version, ctx })
  })
  await appendEvents(client, [...created, ...updated])
}

function outcomeOf({ creates, updates, unchanged }: ProductPlan): Outcome {
  return { created: creates.length, changed: updates.length, unchanged }
}
