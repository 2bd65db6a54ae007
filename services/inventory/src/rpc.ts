/** The table of contents of the service: each RPC, decoded, handed to its use case, encoded. */
import { type HoldItem, type HoldResult, type InventoryServiceService } from '@holdfast/contracts/inventory'
import {
  checkTime,
  type CallContext,
  checkUuid,
  type Handlers,
  HoldfastError,
  invalidField,
  toItemError,
} from '@holdfast/service'

import { adjustStock } from './adjust'
import { createAllocation } from './allocate'
import { getAvailability } from './availability'
import type { Books } from './books/books'
import { checkChange } from './change-lines'
import { createSalesChannel, deleteSalesChannel, getSalesChannel, listSalesChannels, updateSalesChannel } from './channels'
import { checkConsistency } from './consistency'
import type { EndAnswer } from './end-holds'
import { exportProducts, exportStock } from './files/export'
import { importProducts } from './files/import-products'
import { importStock } from './files/import-stock'
import { getStockHistory } from './history'
import type { Inventory } from './inventory'
import { listHeld } from './list-held'
import { listProductHolds } from './list-product-holds'
import { listProductChanges } from './product-changes'
import { moveStock } from './move-state'
import { createProduct, getProduct, listProducts, updateProduct } from './products'
import { repairConsistency } from './repair'
import { receiveShipment } from './receive'
import { returnStock } from './return-stock'
import { setSafetyStock } from './safety'
import { setWaiting } from './set-waiting'
import { cancelShipment, createShipment, getShipment, listShipments } from './shipments'
import { transferStock } from './transfer'
import { checkSplit } from './split'
import { checkBatch, checkSku, checkUnits, checkWarehouse, mostItems, mostLines } from './validate'
import { createWarehouse, listWarehouses, updateWarehouse } from './warehouses'
import { watchAvailability } from './watch/watch-availability'

const fewExpiries = 5

export function inventoryRpc(inventory: Inventory, books: Books): Handlers<typeof InventoryServiceService> {
  const { database } = inventory
  const publish = <Response>(response: Response): Response => {
    inventory.published()
    return response
  }
  // Units may be free now that were promised to somebody.
  const freed = <Response>(response: Response): Response => {
    inventory.mayFill()
    return publish(response)
  }
  return {
    createProduct: async (request, ctx) => publish(await createProduct(database, request, ctx)),
    updateProduct: async (request, ctx) =>
      publish({ product: await updateProduct(database, request, ctx), requestId: ctx.requestId }),
    getProduct: async (request, ctx) => ({ product: await getProduct(database, request.sku), requestId: ctx.requestId }),
    listProducts: async (request) => listProducts(database, request),
    importProducts: async (request, ctx) => publish(await importProducts(database, request, ctx)),
    exportProducts: async (_request, { signal }) => exportProducts(database, signal),
    importStock: async (request, ctx) => freed(await importStock(inventory, request, ctx)),
    exportStock: async (request, { signal }) => exportStock(database, request, signal),
    listProductChanges: async (request) => listProductChanges(database, request),
    createWarehouse: async (request, ctx) => {
      const response = publish(await createWarehouse(database, request, ctx))
      inventory.warehouses.forget()
      return response
    },
    updateWarehouse: async (request, ctx) =>
      publish({ warehouse: await updateWarehouse(database, request, ctx), requestId: ctx.requestId }),
    listWarehouses: async (request) => listWarehouses(database, request),
    createSalesChannel: async (request, ctx) => publish(await createSalesChannel(database, request, ctx)),
    updateSalesChannel: async (request, ctx) =>
      publish({ channel: await updateSalesChannel(database, request, ctx), requestId: ctx.requestId }),
    deleteSalesChannel: async ({ code }, ctx) => {
      await deleteSalesChannel(database, code, ctx)
      return publish({ requestId: ctx.requestId })
    },
    getSalesChannel: async (request, ctx) => ({
      channel: await getSalesChannel(database, request.code),
      requestId: ctx.requestId,
    }),
    listSalesChannels: async (request) => listSalesChannels(database, request),
    adjustStock: async (request, ctx) => freed(await adjustStock(inventory, request, ctx)),
    moveStock: async (request, ctx) => freed(await moveStock(inventory, request, ctx)),
    setSafetyStock: async (request, ctx) => freed(await setSafetyStock(database, request, ctx)),
    createShipment: async (request, ctx) => publish(await createShipment(database, request, ctx)),
    getShipment: async (request, ctx) => ({ shipment: await getShipment(database, request.id), requestId: ctx.requestId }),
    listShipments: async (request) => listShipments(database, request),
    receiveShipment: async (request, ctx) => freed(await receiveShipment(database, request, ctx)),
    cancelShipment: async (request, ctx) => freed(await cancelShipment(database, request.id, ctx)),
    transferStock: async (request, ctx) => freed(await transferStock(inventory, request, ctx)),
    createAllocation: async (request, ctx) => publish(await createAllocation(inventory, request, ctx)),
    getStockHistory: async (request) => getStockHistory(database, request),
    getAvailability: async (request, ctx) => ({
      availability: await getAvailability(inventory.availability, request, ctx.deadline),
    }),
    watchAvailability: async (request, ctx) => watchAvailability(inventory.watch, request, ctx),
    checkConsistency: async (request, ctx) => checkConsistency(books, request, ctx),
    repairConsistency: async (request, ctx) => repairConsistency(books, request, ctx),
    returnStock: async (request, ctx) => freed(await returnStock(database, request, ctx)),
    listProductHolds: async (request) => listProductHolds(database, request),
    listHeld: async (request) => listHeld(database, request),
    setWaiting: async (request) => setWaiting(database, request),

    hold: async (request, ctx) =>
      batch(request.items, ctx, async (item) => inventory.holds.submit(checkHold(item, ctx), ctx.deadline)),
    commit: async ({ ids, linesVersions }, ctx) => {
      if (linesVersions.length > 0 && linesVersions.length !== ids.length)
        throw invalidField('linesVersions', 'must be none, or one for each id')
      const items = ids.map((id, index) => ({ id, linesVersion: meant(linesVersions[index] ?? 0) }))
      return batch(items, ctx, async ({ id, linesVersion }) =>
        ended(inventory.commits.submit({ ...endOf(id, false, ctx), linesVersion }, ctx.deadline)),
      )
    },
    release: async (request, ctx) =>
      batch(request.items, ctx, async (item) =>
        ended(inventory.releases.submit(endOf(item.id, item.endProtection, ctx), ctx.deadline)),
      ),
    extend: async (request, ctx) =>
      batch(request.items, ctx, async ({ id, expiresAt }) =>
        ended(
          inventory.extensions.submit(
            { id: checkUuid('id', id), until: expiresAt && checkTime('expiresAt', expiresAt), graceMs: undefined },
            ctx.deadline,
          ),
        ),
      ),
    protect: async (request, ctx) =>
      batch(request.items, ctx, async ({ id, graceMs, linesVersion }) => {
        const grace = Math.min(checkUnits('graceMs', graceMs, 0), inventory.graceMaxMs)
        const item = { id: checkUuid('id', id), until: undefined, graceMs: grace, linesVersion: meant(linesVersion ?? 0) }
        return ended(inventory.protections.submit(item, ctx.deadline))
      }),
    changeHold: async (request, ctx) => ({ result: await inventory.changes.submit(checkChange(request, ctx), ctx.deadline) }),
    splitHold: async (request, ctx) => inventory.splits.submit(checkSplit(request), ctx.deadline),
    expire: async (request, ctx) => {
      let now: Date | undefined
      // A sweeper has many, and time; whoever asks about a reservation of theirs waits for the answer.
      const queue = request.ids.length <= fewExpiries ? inventory.promptExpiries : inventory.expiries
      const answers = await batch(request.ids, ctx, async (id) => {
        const answer = await queue.submit(endOf(id, false, ctx), ctx.deadline)
        now = answer.now
        return answer.result
      })
      return { ...answers, now }
    },
  }
}

/** Every item gets its own answer: one that fails fails alone. */
async function batch<Item>(
  items: Item[],
  ctx: CallContext,
  run: (item: Item) => Promise<HoldResult>,
): Promise<{ results: HoldResult[] }> {
  checkBatch('items', items.length, mostItems)
  const results = await Promise.all(
    items.map(async (item) => {
      try {
        return await run(item)
      } catch (error) {
        const ours = HoldfastError.from(error)
        if (ours.code === 'INTERNAL') ctx.log.error({ err: ours.cause }, 'an item of a batch failed')
        return { hold: undefined, error: toItemError(ours), replayed: false }
      }
    }),
  )
  return { results }
}

async function ended(answer: Promise<EndAnswer>): Promise<HoldResult> {
  return (await answer).result
}

/** The lines that are meant; 0: whatever they are. */
function meant(linesVersion: number): number | undefined {
  return linesVersion === 0 ? undefined : linesVersion
}

function endOf(id: string, endProtection: boolean, ctx: CallContext) {
  return { id: checkUuid('id', id), endProtection, requestId: ctx.requestId }
}

/** An item that reaches the queue is sound: it can't make a batch fail. Equal lines become one with the sum. */
function checkHold(item: HoldItem, ctx: CallContext): HoldItem {
  checkBatch('lines', item.lines.length, mostLines)
  const lines = new Map<string, HoldItem['lines'][number]>()
  item.lines.forEach((line, index) => {
    const sku = checkSku(`lines[${index}].sku`, line.sku)
    const warehouse = line.warehouse === '' ? '' : checkWarehouse(`lines[${index}].warehouse`, line.warehouse)
    const quantity = checkUnits(`lines[${index}].quantity`, line.quantity, 1) + (lines.get(`${sku}/${warehouse}`)?.quantity ?? 0)
    lines.set(`${sku}/${warehouse}`, { sku, warehouse, quantity: checkUnits(`lines[${index}].quantity`, quantity, 1) })
  })
  return {
    id: checkUuid('id', item.id),
    owner: item.owner,
    fingerprint: item.fingerprint,
    ttlSeconds: checkUnits('ttlSeconds', item.ttlSeconds, 1, 31_536_000),
    lines: [...lines.values()],
    requestId: item.requestId === '' ? ctx.requestId : item.requestId,
    strategy: item.strategy,
    channel: item.channel === '' ? '' : checkWarehouse('channel', item.channel),
    allowSplit: item.allowSplit,
    splitBy: item.splitBy,
    fromWaitlist: item.fromWaitlist,
  }
}
