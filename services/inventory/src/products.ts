import type { Money } from '@holdfast/contracts/common'
import {
  type BackorderPolicy,
  type BundlePart,
  type CreateProductRequest,
  type CreateProductResponse,
  type ListProductsRequest,
  type ListProductsResponse,
  type Product,
  ProductCreated,
  ProductUpdated,
  type UpdateProductRequest,
} from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { checkDescription, checkName, checkParts, mostLowStock, mostPerShopper } from '@holdfast/goods'
import {
  type CallContext,
  type Database,
  decodePageToken,
  encodePageToken,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  invalidField,
  notFound,
  operationId,
  pageSize,
} from '@holdfast/service'
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { PoolClient } from 'pg'

import {
  checkBackorder,
  checkBackorderChange,
  checkWarehouseIsThere,
  ensureBackorderLevel,
  noBackorderOfBundle,
} from './backorder-rule'
import { checkPartsAreThere } from './bundles'
import { untilRulesStand } from './change-rules'
import { countClaims } from './sql/claims'
import { insertMovements } from './sql/ledger'
import { lockLevel, moveOnHand } from './sql/levels'
import {
  backorderColumns,
  findProduct,
  findProductByOperation,
  insertProduct,
  listProductRows,
  lockProduct,
  type ProductRow,
  toProduct,
  updateProductRow,
} from './sql/products'
import { lockRules } from './sql/rules'
import { checkFingerprint, checkMoney, checkSku, checkText, checkUnits, checkVersion, defaultWarehouse } from './validate'

/** Makes a product, its first stock in MAIN unless it is a bundle, and one event. @throws ALREADY_EXISTS when the SKU is taken by another request */
export async function createProduct(
  database: Database,
  request: CreateProductRequest,
  ctx: CallContext,
): Promise<CreateProductResponse> {
  const price = checkMoney('price', request.price)
  const sku = checkSku('sku', request.sku)
  const wanted: Product = {
    sku,
    name: checkName('name', request.name),
    description: checkDescription('description', request.description),
    price,
    createdAt: undefined,
    updatedAt: undefined,
    version: 1,
    lowStockAt: request.lowStockAt === undefined ? undefined : checkUnits('lowStockAt', request.lowStockAt, 0, mostLowStock),
    parts: checkParts(sku, request.parts),
    mostPerShopper:
      request.mostPerShopper === undefined ? undefined : checkUnits('mostPerShopper', request.mostPerShopper, 1, mostPerShopper),
    waitlistFirst: request.waitlistFirst ?? false,
    backorder: request.backorder && checkBackorder(request.backorder),
  }
  const stock = checkUnits('stock', request.stock, 0)
  const isBundle = wanted.parts.length > 0
  if (isBundle && stock > 0) throw invalidField('stock', 'a bundle has no stock of its own')
  if (isBundle && wanted.backorder !== undefined) throw noBackorderOfBundle()
  if (isBundle && wanted.lowStockAt !== undefined) throw invalidField('lowStockAt', 'a bundle has no stock of its own')
  if (isBundle && wanted.waitlistFirst) throw invalidField('waitlistFirst', 'nobody waits for a bundle')
  const key = idempotencyKey(ctx, request.clientToken)
  const operation = key === undefined ? randomUUID() : operationId(ctx.actor.id, 'create-product', key)
  const print = fingerprint([
    wanted.sku,
    wanted.name,
    wanted.description,
    price.currency,
    String(price.amountMinor),
    stock,
    // What is not given leaves the print as it was before there was such a thing.
    ...(wanted.lowStockAt === undefined ? [] : [wanted.lowStockAt]),
    ...(wanted.mostPerShopper === undefined ? [] : [{ mostPerShopper: wanted.mostPerShopper }]),
    ...(wanted.waitlistFirst ? [{ waitlistFirst: true }] : []),
    ...(wanted.backorder === undefined ? [] : [{ backorder: wanted.backorder }]),
    ...(isBundle ? [wanted.parts.map((part) => [part.sku, part.quantity])] : []),
  ])

  return database.transaction(async (client) => {
    await checkPartsAreThere(client, request.parts, wanted.parts)
    if (wanted.backorder !== undefined) await checkWarehouseIsThere(client, wanted.backorder)
    const row = await insertProduct(client, wanted, operation, print)
    if (row === undefined) {
      const known = await findProductByOperation(client, operation)
      if (known === undefined) throw new HoldfastError('ALREADY_EXISTS', `There is a product ${wanted.sku} already`)
      checkFingerprint(known.fingerprint, print)
      return { product: toProduct(known), requestId: ctx.requestId, replayed: true }
    }
    const product = toProduct(row)
    if (!isBundle) await lockLevel(client, product.sku, defaultWarehouse)
    if (wanted.backorder !== undefined) await lockLevel(client, product.sku, wanted.backorder.warehouse)
    if (stock > 0) {
      const level = { sku: product.sku, warehouse: defaultWarehouse }
      const opening = { id: randomUUID(), kind: 'OPENING', quantity: stock, from: 'SUPPLIER', to: 'SELLABLE' } as const
      await insertMovements(client, [{ ...level, ...opening, reason: 'opening stock', reference: '' }], ctx.actor)
      await moveOnHand(client, [{ ...level, delta: stock }], ctx.requestId)
    }
    await appendEvents(client, [
      createEvent({
        type: 'holdfast.product.created.v1',
        data: ProductCreated.toJSON({ after: product, stock }),
        key: product.sku,
        subject: product.sku,
        version: BigInt(product.version),
        ctx,
      }),
    ])
    return { product, requestId: ctx.requestId, replayed: false }
  })
}

/**
 * Changes what is given. The same values again change nothing and leave no event. Rules change under the locks of the product's levels.
 * @throws PRECONDITION_FAILED when it is not at the version that the change is meant for, UNAVAILABLE when a limit is set on what has sold so much that
 * it is not counted in the time there is: a repeat goes on
 */
export async function updateProduct(database: Database, request: UpdateProductRequest, ctx: CallContext): Promise<Product> {
  const sku = checkSku('sku', request.sku)
  const change: Change = {
    name: request.name === undefined ? undefined : checkName('name', request.name),
    description: request.description === undefined ? undefined : checkDescription('description', request.description),
    price: request.price === undefined ? undefined : checkMoney('price', request.price),
    lowStockAt: request.lowStockAt === undefined ? undefined : checkUnits('lowStockAt', request.lowStockAt, -1, mostLowStock),
    parts: request.parts.length === 0 ? undefined : checkParts(sku, request.parts),
    limit: request.mostPerShopper === undefined ? undefined : checkLimit(request.mostPerShopper),
    waitlistFirst: request.waitlistFirst,
    backorder: request.backorder && (request.backorder.cap === -1 ? null : checkBackorder(request.backorder)),
  }
  if (change.backorder) await ensureBackorderLevel(database, sku, change.backorder)
  return untilRulesStand(database, ctx, async (client) => updateOnce(client, request, change, ctx))
}

function checkLimit(value: number): number {
  if (value === 0) throw invalidField('mostPerShopper', 'must be at least 1, or -1 for none')
  return checkUnits('mostPerShopper', value, -1, mostPerShopper)
}

interface Change {
  name: string | undefined
  description: string | undefined
  price: Money | undefined
  /** Below 0: none. */
  lowStockAt: number | undefined
  parts: BundlePart[] | undefined
  /** For each shopper; below 0: none. */
  limit: number | undefined
  waitlistFirst: boolean | undefined
  /** Null: none. */
  backorder: BackorderPolicy | null | undefined
}

async function updateOnce(client: PoolClient, request: UpdateProductRequest, change: Change, ctx: CallContext): Promise<Product> {
  const sku = checkSku('sku', request.sku)
  const ofRules = [change.parts, change.limit, change.waitlistFirst, change.backorder].some((rule) => rule !== undefined)
  await (ofRules ? lockRules(client, [sku]) : lockProduct(client, sku))
  // In a new snapshot: as it is under the lock.
  const row = await findProduct(client, sku)
  if (row === undefined) throw notFound('product', sku)
  const before = toProduct(row)
  checkVersion(`Product ${sku}`, before.version, request.expectedVersion)
  await checkChange(client, row, request, change)
  const { name, description, price, lowStockAt, parts, limit, waitlistFirst, backorder } = change
  const wanted = {
    ...row,
    name: name ?? row.name,
    description: description ?? row.description,
    currency: price?.currency ?? row.currency,
    price_minor: price?.amountMinor ?? row.price_minor,
    low_stock_at: lowStockAt === undefined ? row.low_stock_at : lowStockAt < 0 ? null : lowStockAt,
    most_per_shopper: limit === undefined ? row.most_per_shopper : limit < 0 ? null : limit,
    waitlist_first: waitlistFirst ?? row.waitlist_first,
    ...(backorder !== undefined && backorderColumns(backorder)),
  }
  const newParts = parts === undefined || isDeepStrictEqual(parts, row.parts) ? undefined : parts
  if (newParts === undefined && isDeepStrictEqual(wanted, row)) return before
  const after = toProduct(await updateProductRow(client, wanted, newParts))
  if (row.most_per_shopper === null && wanted.most_per_shopper !== null) await countClaims(client, [sku])
  await appendEvents(client, [
    createEvent({
      type: 'holdfast.product.updated.v1',
      data: ProductUpdated.toJSON({ before, after }),
      key: sku,
      subject: sku,
      version: BigInt(after.version),
      ctx,
    }),
  ])
  return after
}

/** What only a bundle has, or only what is none. */
async function checkChange(client: PoolClient, row: ProductRow, request: UpdateProductRequest, change: Change): Promise<void> {
  const { parts, lowStockAt, waitlistFirst, backorder } = change
  if (parts !== undefined && !row.bundle) throw invalidField('parts', 'is no bundle, and does not become one')
  if (row.bundle && lowStockAt !== undefined) throw invalidField('lowStockAt', 'a bundle has no stock of its own')
  if (row.bundle && waitlistFirst === true) throw invalidField('waitlistFirst', 'nobody waits for a bundle')
  if (row.bundle && backorder !== undefined) throw noBackorderOfBundle()
  if (backorder) await checkBackorderChange(client, row.sku, backorder)
  await checkPartsAreThere(client, request.parts, parts ?? [])
}

export async function getProduct(database: Database, sku: string): Promise<Product> {
  const known = await findProduct(database.pool, checkSku('sku', sku))
  if (known === undefined) throw notFound('product', sku)
  return toProduct(known)
}

/** Of a search, in characters and in words. */
const longestSearch = 100
const mostWords = 8

/** By SKU; one that is made meanwhile shifts no page. @throws INVALID_ARGUMENT for a search that is too long, or that no text can hold */
export async function listProducts(database: Database, request: ListProductsRequest): Promise<ListProductsResponse> {
  const limit = pageSize(request.pageSize, 1_000)
  const [after = ''] = decodePageToken(request.pageToken, [/^[A-Z0-9._-]{1,64}$/]) ?? []
  const rows = await listProductRows(database.pool, after, limit + 1, searchedWords(request.search))
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    products: page.map(toProduct),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.sku]) : '',
  }
}

function searchedWords(search: string): string[] {
  const words = checkText('search', search, 0, longestSearch)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length > mostWords) throw invalidField('search', `must be at most ${mostWords} words`)
  return [...new Set(words)]
}
