import { AllocationCreated, type CreateAllocationRequest, type CreateAllocationResponse } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, type Database, fingerprint, HoldfastError, invalidField, operationId } from '@holdfast/service'
import type { PoolClient } from 'pg'

import { dueFirst, type Freeing } from './due-first'
import { type AllocationLine, chooseWarehouse, findAllocation, insertAllocation, toAllocation } from './sql/allocations'
import { lockPlaces, moveUnits } from './sql/move-units'
import { checkFree } from './stock-state'
import { checkFingerprint, checkSku, checkText, checkUnits, checkWarehouse, mostLines } from './validate'

interface Wanted {
  reference: string
  reason: string
  fingerprint: string
  /** As asked for; warehouse '' for any, and then all such lines come from one. */
  lines: AllocationLine[]
}

/** How often another warehouse is looked for when somebody else was quicker at the one that was chosen. */
const mostChoices = 3

/**
 * Takes free units out without a hold, all lines or none, once per reference.
 * @throws INSUFFICIENT_STOCK when a line does not fit
 */
export async function createAllocation(
  inventory: Freeing,
  request: CreateAllocationRequest,
  ctx: CallContext,
): Promise<CreateAllocationResponse> {
  const reference = checkText('reference', request.reference, 1, 200)
  const reason = checkText('reason', request.reason, 1, 500)
  const lines = checkLines(request.lines)
  const print = fingerprint([reason, lines.map(({ sku, warehouse, quantity }) => [sku, warehouse, quantity])])
  const wanted: Wanted = { reference, reason, lines, fingerprint: print }
  for (let choice = 1; ; choice++) {
    const placed = await placeLines(inventory.database, lines)
    try {
      return await dueFirst(
        inventory,
        placed.map(({ sku, warehouse, quantity: units }) => ({ sku, warehouse, units })),
        ctx,
        async () => inventory.database.transaction(async (client) => allocateOnce(client, wanted, placed, ctx)),
      )
    } catch (error) {
      const short = error instanceof HoldfastError && error.code === 'INSUFFICIENT_STOCK'
      if (!short || choice === mostChoices || lines.every(({ warehouse }) => warehouse !== '')) throw error
    }
  }
}

/** Each SKU and warehouse once, sorted, with the sum. */
function checkLines(lines: CreateAllocationRequest['lines']): AllocationLine[] {
  if (lines.length < 1 || lines.length > mostLines) throw invalidField('lines', `must be 1 to ${mostLines}`)
  const sums = new Map<string, AllocationLine>()
  lines.forEach((line, index) => {
    const sku = checkSku(`lines[${index}].sku`, line.sku)
    const warehouse = line.warehouse === '' ? '' : checkWarehouse(`lines[${index}].warehouse`, line.warehouse)
    const key = `${sku}/${warehouse}`
    const quantity = checkUnits(`lines[${index}].quantity`, line.quantity, 1) + (sums.get(key)?.quantity ?? 0)
    sums.set(key, { sku, warehouse, quantity: checkUnits(`lines[${index}].quantity`, quantity, 1) })
  })
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

/** Lines that name no warehouse get the one that all of them come from. */
async function placeLines(database: Database, lines: AllocationLine[]): Promise<AllocationLine[]> {
  if (lines.every(({ warehouse }) => warehouse !== '')) return lines
  // What is named elsewhere is wanted of that warehouse as well; the lock decides in the end.
  const unnamed = lines.filter(({ warehouse }) => warehouse === '')
  const chosen = await database.transaction(async (client) => chooseWarehouse(client, unnamed))
  const sums = new Map<string, AllocationLine>()
  for (const line of lines) {
    const warehouse = line.warehouse || chosen
    const key = `${line.sku}/${warehouse}`
    sums.set(key, { ...line, warehouse, quantity: line.quantity + (sums.get(key)?.quantity ?? 0) })
  }
  return [...sums.values()]
}

/** Locks: the stock rows by (sku, warehouse), then the reference. */
async function allocateOnce(
  client: PoolClient,
  wanted: Wanted,
  lines: AllocationLine[],
  ctx: CallContext,
): Promise<CreateAllocationResponse> {
  const { reference, reason } = wanted
  const { requestId } = ctx
  const before = await lockPlaces(client, lines)
  const made = await insertAllocation(client, { ...wanted, lines }, ctx)
  if (made === undefined) {
    const known = await findAllocation(client, reference)
    if (known === undefined) throw new Error(`allocation ${reference} was there and is not found`)
    checkFingerprint(known.fingerprint, wanted.fingerprint)
    return { allocation: toAllocation(known), requestId, replayed: true }
  }
  for (const line of lines) {
    const index = wanted.lines.findIndex(
      ({ sku, warehouse }) => sku === line.sku && (warehouse === '' || warehouse === line.warehouse),
    )
    checkFree(before.at(line), line.quantity, `lines[${index}].quantity`)
  }
  const taken = { kind: 'ALLOCATION', from: 'SELLABLE', to: 'ALLOCATED', reason, reference } as const
  await moveUnits(
    client,
    lines.map((line) => ({ ...line, ...taken, id: operationId(reference, 'allocate', `${line.sku}/${line.warehouse}`) })),
    ctx,
  )
  const allocation = toAllocation(made)
  const [type, data] = ['holdfast.allocation.created.v1', AllocationCreated.toJSON({ after: allocation })]
  await appendEvents(client, [createEvent({ type, data, key: reference, subject: reference, version: 1n, ctx })])
  return { allocation, requestId, replayed: false }
}
