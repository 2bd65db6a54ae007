/** What is done to stock by hand: each is refused, or does what it says. */
import {
  CreateShipmentRequest,
  MoveStockRequest,
  ReceiveShipmentRequest,
  type Shipment,
  StockMovement_Account as Account,
  TransferStockRequest,
} from '@holdfast/contracts/inventory'
import fc from 'fast-check'

import { adjustment } from '../builders'
import { type Condition, type Paper, type Warehouse, warehouses } from './paper'
import { expectCode, productAt, shipmentAt, type Shop, step, type WeightedStep, which } from './shop'

const condition = fc.constantFrom<Condition>('SELLABLE', 'DAMAGED', 'QUALITY')
const few = fc.integer({ min: 1, max: 3 })

/** So many more units, or fewer, in a condition. */
function count(paper: Paper, sku: string, place: Warehouse, state: Condition, units: number): void {
  const level = paper.level(sku, place)
  level.onHand += units
  if (state !== 'SELLABLE') level[state] += units
}

/** Mostly that of which units are promised, and where they are: what is done to it may owe them to somebody. */
const product = fc.constantFrom(0, 1, 1, 2)
const place = fc.constantFrom(...warehouses, 'MAIN' as const)

/** A step about one level. */
function onLevel<Drawn>(
  name: string,
  weight: number,
  drawn: fc.Arbitrary<Drawn>,
  run: (shop: Shop, place: { sku: string; warehouse: Warehouse }, drawn: Drawn) => Promise<void>,
): WeightedStep {
  return step(name, weight, fc.tuple(product, place, drawn), async (shop, [index, warehouse, value]) =>
    run(shop, { sku: productAt(shop, index).sku, warehouse }, value),
  )
}

const adjust = onLevel(
  'adjust',
  5,
  fc.record({ delta: fc.integer({ min: -2, max: 3 }), state: condition }),
  async ({ inventory, paper }, place, { delta, state }) => {
    const call = inventory.reservation.adjustStock(adjustment({ ...place, delta, account: Account[state] }), inventory.admin())
    const short = paper.takeable(place.sku, place.warehouse, state) + delta < 0 && delta < 0
    const code = delta === 0 ? 'INVALID_ARGUMENT' : short ? 'INSUFFICIENT_STOCK' : undefined
    await expectCode(code, call)
    if (code === undefined) count(paper, place.sku, place.warehouse, state, delta)
  },
)

/** Between sellable, damaged and held back for quality. */
const move = onLevel(
  'move',
  3,
  fc.record({ from: condition, to: condition, quantity: few }),
  async ({ inventory, paper }, place, { from, to, quantity }) => {
    const request = { ...place, quantity, from: Account[from], to: Account[to], reason: 'model' }
    const call = inventory.reservation.moveStock(MoveStockRequest.fromPartial(request), inventory.admin())
    const short = paper.takeable(place.sku, place.warehouse, from) < quantity ? 'INSUFFICIENT_STOCK' : undefined
    const code = from === to ? 'INVALID_ARGUMENT' : short
    await expectCode(code, call)
    if (code !== undefined) return
    count(paper, place.sku, place.warehouse, from, -quantity)
    count(paper, place.sku, place.warehouse, to, quantity)
  },
)

const safety = onLevel('keep back', 1, fc.nat({ max: 2 }), async ({ inventory, paper }, place, units) => {
  await inventory.reservation.setSafetyStock({ ...place, units, clientToken: '' }, inventory.admin())
  paper.level(place.sku, place.warehouse).safety = units
})

/** From one warehouse, or from the first that has them. */
const allocate = onLevel(
  'allocate',
  2,
  fc.record({ quantity: few, anywhere: fc.boolean() }),
  async (shop, { sku, warehouse: named }, { quantity, anywhere }) => {
    const { inventory, paper } = shop
    const lines = [{ sku, quantity, warehouse: anywhere ? '' : named }]
    const call = inventory.reservation.createAllocation({ lines, reference: shop.nextId(), reason: 'model' }, inventory.admin())
    const place = (anywhere ? warehouses : [named]).find((one) => paper.free(sku, one) >= quantity)
    const answer = await expectCode(place === undefined ? 'INSUFFICIENT_STOCK' : undefined, call)
    if (place === undefined) return
    expect(answer?.allocation?.lines).toEqual([{ sku, quantity, warehouse: place }])
    paper.level(sku, place).onHand -= quantity
  },
)

function note({ paper }: Shop, shipment: Shipment | undefined, sku: string, to: Warehouse, from?: Warehouse): void {
  const { id = '', lines = [] } = shipment ?? {}
  const open = lines[0]?.open ?? 0
  paper.shipments.push({ id, sku, to, from, open, state: open > 0 ? 'OPEN' : 'RECEIVED' })
}

const announce = onLevel('announce', 2, few, async (shop, { sku, warehouse: to }, quantity) => {
  const { inventory, paper } = shop
  const request = CreateShipmentRequest.fromPartial({ warehouse: to, lines: [{ sku, quantity }] })
  const { shipment } = await inventory.reservation.createShipment(request, inventory.admin())
  paper.level(sku, to).incoming += quantity
  note(shop, shipment, sku, to)
})

/** To the other warehouse: on the way, or there at once. */
const transfer = onLevel(
  'transfer',
  3,
  fc.record({ quantity: few, immediate: fc.boolean() }),
  async (shop, { sku, warehouse: from }, { quantity, immediate }) => {
    const { inventory, paper } = shop
    const to = from === 'MAIN' ? 'NORTH' : 'MAIN'
    const request = TransferStockRequest.fromPartial({ sku, from, to, quantity, immediate })
    const code = paper.free(sku, from) >= quantity ? undefined : 'INSUFFICIENT_STOCK'
    const answer = await expectCode(code, inventory.reservation.transferStock(request, inventory.admin()))
    if (code !== undefined) return
    paper.level(sku, from).onHand -= quantity
    paper.level(sku, to)[immediate ? 'onHand' : 'incoming'] += quantity
    note(shop, answer?.shipment, sku, to, from)
  },
)

/** Some of what is on the way arrives; `closing` writes the rest off. */
const receive = step(
  'receive',
  4,
  fc.record({ index: which, quantity: fc.nat({ max: 3 }), state: condition, closing: fc.boolean() }),
  async (shop, { index, quantity, state, closing }) => {
    const { inventory, paper } = shop
    const known = shipmentAt(shop, index)
    if (known === undefined) return
    const { id, sku, to, open } = known
    const lines = quantity > 0 ? [{ sku, quantity, state: Account[state] }] : []
    const receipt = ReceiveShipmentRequest.fromPartial({ id, receiptReference: shop.nextId(), lines, closing })
    const possible = known.state === 'OPEN' && quantity <= open
    const nothing = quantity === 0 && !closing
    const code = nothing ? 'INVALID_ARGUMENT' : possible ? undefined : 'ILLEGAL_TRANSITION'
    await expectCode(code, inventory.reservation.receiveShipment(receipt, inventory.admin()))
    if (code !== undefined) return
    const gone = closing ? open : quantity
    count(paper, sku, to, state, quantity)
    paper.level(sku, to).incoming -= gone
    known.open -= gone
    if (known.open === 0) known.state = 'RECEIVED'
  },
)

/** What is still on the way is written off, or is back where it came from. */
const callOff = step('call off', 2, which, async (shop, index) => {
  const { inventory, paper } = shop
  const known = shipmentAt(shop, index)
  if (known === undefined) return
  const { id, sku, to, from, open, state } = known
  const call = inventory.reservation.cancelShipment({ id }, inventory.admin())
  await expectCode(state === 'RECEIVED' ? 'ILLEGAL_TRANSITION' : undefined, call)
  if (state !== 'OPEN') return
  paper.level(sku, to).incoming -= open
  if (from !== undefined) paper.level(sku, from).onHand += open
  Object.assign(known, { open: 0, state: 'CANCELLED' })
})

export const stockSteps = [adjust, move, safety, allocate, announce, transfer, receive, callOff]
