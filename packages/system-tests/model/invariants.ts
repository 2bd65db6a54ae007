/**
 * What holds for every history, however long, without asking in which order things happened: for those that are too large for
 * the checker. Each is a list of sentences about what does not hold.
 */
import type { HistoryEvent } from '@holdfast/testing'

import type { Answer } from './state'
import { adjustmentOf, type Call, type Program, skuName, slotOf } from './program'

type Told = { call: Call; from: number; to: number; answer: Answer }
type ToldOfSlot = Told & { call: { slot: number } }

/** Calls that were answered, by their answers' order. */
export function toldIn(history: readonly HistoryEvent<Call, Answer>[]): Told[] {
  const calls = new Map(history.flatMap((event) => (event.kind === 'call' ? [[event.operation, event] as const] : [])))
  return history.flatMap((event) => {
    const asked = calls.get(event.operation)
    return event.kind === 'answer' && asked !== undefined
      ? [{ call: asked.call, from: asked.at, to: event.at, answer: event.answer }]
      : []
  })
}

/** The change that this was acknowledged to have made now, as the audit log names it. */
export function changeOf({ call, answer }: Told): string | undefined {
  if (call.do === 'checkOut' && answer.code === 'PAYMENT_DECLINED') return undefined
  return answer.code === 'OK' && answer.replayed === false ? changes[call.do] : undefined
}

export const changes: Partial<Record<Call['do'], string>> = {
  reserve: 'reservation.created',
  cancel: 'reservation.cancelled',
  extend: 'reservation.extended',
  checkOut: 'order.confirmed',
  cancelOrder: 'order.cancelled',
  adjust: 'stock.adjusted',
}

/** One slot is one reservation and one order: made once, ended once, and for good. */
export function inconsistentAnswers(program: Program, told: Told[]): string[] {
  return program.slots.flatMap((_, slot) => {
    const ofSlot = told.filter(
      (one): one is ToldOfSlot => 'slot' in one.call && one.call.slot === slot && one.answer.code === 'OK',
    )
    const isOrder = ({ call }: Told) => call.do === 'checkOut' || call.do === 'cancelOrder'
    const [orders, reservations] = [ofSlot.filter(isOrder), ofSlot.filter((one) => !isOrder(one))]
    const paying = told.filter(({ call }) => call.do === 'checkOut' && call.slot === slot)
    return [
      ...differentIds(`r${slot}`, reservations),
      ...differentIds(`the order of r${slot}`, orders),
      ...Object.keys(changes)
        .filter((kind) => kind !== 'extend' && ofSlot.filter((one) => one.call.do === kind && changeOf(one)).length > 1)
        .map((kind) => `r${slot}: ${kind} was done twice`),
      ...revived(`r${slot}`, reservations, ['COMMITTED', 'CANCELLED']),
      // A payment may put off the end of what reads EXPIRED already.
      ...(paying.length === 0 ? revived(`r${slot}`, reservations, ['EXPIRED']) : []),
      ...revived(`the order of r${slot}`, orders, ['CANCELLED']),
    ]
  })
}

function differentIds(name: string, told: Told[]): string[] {
  const ids = new Set(told.map(({ answer }) => answer.id))
  return ids.size > 1 ? [`${name} has more than one id: ${[...ids].join(', ')}`] : []
}

/** Told to be over, and then, by a later call, to be something else. */
function revived(name: string, told: Told[], ends: string[]): string[] {
  return told.flatMap((end) => {
    const { status } = end.answer
    if (status === undefined || !ends.includes(status)) return []
    const other = told.find(({ from, answer }) => from > end.to && answer.status !== status)
    return other === undefined ? [] : [`${name} was ${status}, then ${other.answer.status}`]
  })
}

/**
 * At no moment do the reservations and sales that were certainly in force have more units of a SKU than there can have been.
 * In force from the answer of its maker until its time, or until somebody asked for its end.
 */
export function oversold(program: Program, told: Told[]): string[] {
  const inForce = program.slots.flatMap((_, slot) => certainly(told, slot).map((time) => ({ slot, ...time })))
  return program.stock.flatMap((units, sku) => {
    const added = told.filter(({ call, answer }) => {
      const adjusted = call.do === 'adjust' && changeOf({ call, answer, from: 0, to: 0 }) !== undefined
      return adjusted && adjustmentOf(program, call.adjustment).sku === sku
    })
    return inForce.flatMap(({ from }) => {
      const most = added.reduce((sum, one) => {
        const delta = one.call.do === 'adjust' ? adjustmentOf(program, one.call.adjustment).delta : 0
        const counts = delta > 0 ? one.from <= from : one.to < from
        return counts ? sum + delta : sum
      }, units)
      const taken = inForce
        .filter((other) => other.from <= from && from < other.to)
        .reduce((sum, { slot }) => sum + unitsOf(program, slot, sku), 0)
      return taken > most ? [`${skuName(sku)}: ${taken} units were given away when there were ${most}`] : []
    })
  })
}

function certainly(told: Told[], slot: number): { from: number; to: number }[] {
  const ofSlot = told.filter(({ call }) => 'slot' in call && call.slot === slot)
  const made = ofSlot.find(({ call, answer }) => call.do === 'reserve' && answer.status === 'ACTIVE')
  if (made === undefined) return []
  const asked = ofSlot.filter(({ call }) => call.do === 'cancel' || call.do === 'cancelOrder').map(({ from }) => from)
  const sold = ofSlot.some(({ call, answer }) => call.do === 'checkOut' && answer.code === 'OK')
  const to = Math.min(sold ? Infinity : (made.answer.expiresAt ?? 0), ...asked)
  return made.to < to ? [{ from: made.to, to }] : []
}

/** How it ended: what each SKU has on hand and available, and what each slot's reservation and order say. */
export interface Ending {
  levels: number[][]
  reservations: (string | undefined)[]
  orders: (string | undefined)[]
}

/** On hand is what there was, and was added, and not sold; available is that without what is still reserved. */
export function wrongSums(program: Program, told: Told[], { levels, reservations, orders }: Ending): string[] {
  const adjustments = new Set(
    told.flatMap((one) => (one.call.do === 'adjust' && one.answer.code === 'OK' ? [one.call.adjustment] : [])),
  )
  return program.stock.flatMap((units, sku) => {
    const added = [...adjustments].map((adjustment) => adjustmentOf(program, adjustment)).filter((one) => one.sku === sku)
    const unitsWhere = (wanted: (slot: number) => boolean) =>
      program.slots.reduce((sum, _, slot) => sum + (wanted(slot) ? unitsOf(program, slot, sku) : 0), 0)
    const onHand = added.reduce((sum, { delta }) => sum + delta, units) - unitsWhere((slot) => orders[slot] === 'CONFIRMED')
    const available = onHand - unitsWhere((slot) => reservations[slot] === 'ACTIVE')
    const found = levels[sku]
    const isRight = found?.[0] === onHand && found[1] === available
    return isRight ? [] : [`${skuName(sku)}: ${found?.[1]} of ${found?.[0]} are available, not ${available} of ${onHand}`]
  })
}

function unitsOf(program: Program, slot: number, sku: number): number {
  return slotOf(program, slot).lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0)
}
