import {
  AdjustStockRequest,
  type HoldItem,
  HoldItem_Split,
  HoldItem_Strategy,
  type HoldResult,
} from '@holdfast/contracts/inventory'
import { randomUUID } from 'node:crypto'

import type { TestInventory } from './inventory-server'

export interface LineOf {
  sku: string
  quantity: number
}

/** A product with stock in MAIN. */
export async function makeProduct(
  inventory: TestInventory,
  stock: number,
  sku = `SKU-${randomUUID().slice(0, 8).toUpperCase()}`,
  price = 1_000n,
) {
  await inventory.reservation.createProduct(
    {
      sku,
      name: `Product ${sku}`,
      description: '',
      price: { currency: 'USD', amountMinor: price },
      stock,
      clientToken: '',
      parts: [],
    },
    inventory.admin(),
  )
  return sku
}

/** A bundle of these; answers its SKU. */
export async function makeBundle(inventory: TestInventory, parts: LineOf[], price = 1_500n): Promise<string> {
  const sku = `SET-${randomUUID().slice(0, 8).toUpperCase()}`
  await inventory.reservation.createProduct(
    {
      sku,
      name: `Set ${sku}`,
      description: '',
      price: { currency: 'USD', amountMinor: price },
      stock: 0,
      clientToken: '',
      parts,
    },
    inventory.admin(),
  )
  return sku
}

export const adjustment = (more: Partial<AdjustStockRequest>): AdjustStockRequest =>
  AdjustStockRequest.fromPartial({ reason: 'counted', ...more })

export function holdItem(lines: LineOf[], more: Partial<HoldItem> = {}): HoldItem {
  return {
    id: randomUUID(),
    owner: 'a-user',
    fingerprint: JSON.stringify(lines),
    ttlSeconds: 300,
    lines: lines.map((line) => ({ ...line, warehouse: '' })),
    requestId: '',
    strategy: HoldItem_Strategy.STRATEGY_UNSPECIFIED,
    channel: '',
    allowSplit: false,
    splitBy: HoldItem_Split.SPLIT_UNSPECIFIED,
    ...more,
  }
}

/** Asks for many holds in one call. */
export async function hold(inventory: TestInventory, items: HoldItem[]): Promise<HoldResult[]> {
  return (await inventory.reservation.hold({ items }, inventory.service())).results
}

export async function holdOne(inventory: TestInventory, item: HoldItem): Promise<HoldResult> {
  const [result] = await hold(inventory, [item])
  if (result === undefined) throw new Error('no result')
  return result
}

/** What became of each: a state, or the code of the refusal. */
export function fates(results: HoldResult[]): string[] {
  return results.map((result) => result.error?.code ?? result.hold?.state ?? 'nothing')
}

/** Lets the time of holds run out, as if they had been made that much earlier. */
export async function makeDue(inventory: TestInventory, ids: string[]): Promise<void> {
  await inventory.database.transaction(async (client) => {
    await client.query(
      `update holds set expires_at = now() - interval '1 second', base_expires_at = now() - interval '1 second' where id = any($1::uuid[])`,
      [ids],
    )
    await client.query(`update hold_lines set expires_at = now() - interval '1 second' where hold_id = any($1::uuid[])`, [ids])
  })
}

export async function available(
  inventory: TestInventory,
  sku: string,
): Promise<{ onHand: number; reserved: number; available: number }> {
  const { availability } = await inventory.reservation.getAvailability({ skus: [sku], channel: '' }, inventory.service())
  const [first] = availability
  if (first === undefined) throw new Error('no availability')
  return { onHand: first.onHand, reserved: first.reserved, available: first.available }
}

/** The books of the service, recomputed: no difference. */
export async function expectBalanced(inventory: TestInventory): Promise<void> {
  const answer = await inventory.reservation.checkConsistency({}, inventory.admin())
  expect(answer.differences).toEqual([])
  expect(answer.consistent).toBe(true)
}
