import {
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
import {
  type CallContext,
  type Database,
  decodePageToken,
  encodePageToken,
  fingerprint,
  HoldfastError,
  idempotencyKey,
  notFound,
  operationId,
  pageSize,
} from '@holdfast/service'
import { randomUUID } from 'node:crypto'

import { insertMovements } from './sql/ledger'
import { lockLevel, moveOnHand } from './sql/levels'
import {
  findProduct,
  findProductByOperation,
  insertProduct,
  listProductRows,
  lockProduct,
  toProduct,
  updateProductRow,
} from './sql/products'
import { checkFingerprint, checkMoney, checkSku, checkText, checkUnits, checkVersion, defaultWarehouse } from './validate'

/** The highest threshold that a product may have for being low, in units. */
const mostLowStock = 1_000_000

/** Makes a product, its first stock in MAIN, and one event. @throws ALREADY_EXISTS when the SKU is taken by another request */
export async function createProduct(
  database: Database,
  request: CreateProductRequest,
  ctx: CallContext,
): Promise<CreateProductResponse> {
  const price = checkMoney('price', request.price)
  const wanted: Product = {
    sku: checkSku('sku', request.sku),
    name: checkText('name', request.name, 1, 200),
    description: checkText('description', request.description, 0, 5_000),
    price,
    createdAt: undefined,
    updatedAt: undefined,
    version: 1,
    lowStockAt: request.lowStockAt === undefined ? undefined : checkUnits('lowStockAt', request.lowStockAt, 0, mostLowStock),
  }
  const stock = checkUnits('stock', request.stock, 0)
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
  ])

  return database.transaction(async (client) => {
    const row = await insertProduct(client, wanted, operation, print)
    if (row === undefined) {
      const known = await findProductByOperation(client, operation)
      if (known === undefined) throw new HoldfastError('ALREADY_EXISTS', `There is a product ${wanted.sku} already`)
      checkFingerprint(known.fingerprint, print)
      return { product: toProduct(known), requestId: ctx.requestId, replayed: true }
    }
    const product = toProduct(row)
    await lockLevel(client, product.sku, defaultWarehouse)
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
 * Changes what is given. The same values again change nothing and leave no event.
 * @throws PRECONDITION_FAILED when it is not at the version that the change is meant for
 */
export async function updateProduct(database: Database, request: UpdateProductRequest, ctx: CallContext): Promise<Product> {
  const sku = checkSku('sku', request.sku)
  const name = request.name === undefined ? undefined : checkText('name', request.name, 1, 200)
  const description = request.description === undefined ? undefined : checkText('description', request.description, 0, 5_000)
  const price = request.price === undefined ? undefined : checkMoney('price', request.price)
  const lowStockAt = request.lowStockAt === undefined ? undefined : checkUnits('lowStockAt', request.lowStockAt, -1, mostLowStock)
  return database.transaction(async (client) => {
    const row = await lockProduct(client, sku)
    if (row === undefined) throw notFound('product', sku)
    const before = toProduct(row)
    checkVersion(`Product ${sku}`, before.version, request.expectedVersion)
    const wanted = {
      ...row,
      name: name ?? row.name,
      description: description ?? row.description,
      currency: price?.currency ?? row.currency,
      price_minor: price?.amountMinor ?? row.price_minor,
      low_stock_at: lowStockAt === undefined ? row.low_stock_at : lowStockAt < 0 ? null : lowStockAt,
    }
    const fields = ['name', 'description', 'currency', 'price_minor', 'low_stock_at'] as const
    const same = fields.every((field) => wanted[field] === row[field])
    if (same) return before
    const after = toProduct(await updateProductRow(client, wanted))
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
  })
}

export async function getProduct(database: Database, sku: string): Promise<Product> {
  const known = await findProduct(database.pool, checkSku('sku', sku))
  if (known === undefined) throw notFound('product', sku)
  return toProduct(known)
}

export async function listProducts(database: Database, request: ListProductsRequest): Promise<ListProductsResponse> {
  const limit = pageSize(request.pageSize, 1_000)
  const [after = ''] = decodePageToken(request.pageToken, [/^[A-Z0-9._-]{1,64}$/]) ?? []
  const rows = await listProductRows(database.pool, after, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    products: page.map(toProduct),
    nextPageToken: rows.length > limit && last !== undefined ? encodePageToken([last.sku]) : '',
  }
}
