/** Small concurrent programs: what some clients do, at the same time, with a few SKUs of which there is too little. */
import fc from 'fast-check'

export interface Line {
  /** Which SKU of the program. */
  sku: number
  quantity: number
}

/** A reservation that clients may make; its idempotency key is the same whoever asks. */
export interface Slot {
  lines: Line[]
  ttlSeconds: number
}

export interface Adjustment {
  sku: number
  delta: number
}

/** What one client asks for; the numbers are places in the program. */
export type Call =
  | { do: 'reserve' | 'cancel' | 'extend' | 'look' | 'cancelOrder'; slot: number }
  | { do: 'checkOut'; slot: number; declined: boolean }
  | { do: 'adjust'; adjustment: number }
  | { do: 'readStock' | 'sweep' | 'readSettled' }

export interface Action {
  /** Before it, ms. */
  pause: number
  /** Also wait for the end of that reservation, as far as this client knows it, and so many ms more. */
  endOf?: { slot: number; after: number } | undefined
  call: Call
}

export interface Program {
  /** Units of each SKU. */
  stock: number[]
  slots: Slot[]
  adjustments: Adjustment[]
  clients: Action[][]
}

export const extensionSeconds = 40
const [shortTtl, longTtl] = [1, 20]

export const programs: fc.Arbitrary<Program> = fc
  .record({
    skus: fc.integer({ min: 2, max: 3 }),
    slots: fc.integer({ min: 2, max: 4 }),
    clients: fc.integer({ min: 2, max: 4 }),
  })
  .chain((size) => {
    const slots = fc.array(slot(size.skus), { minLength: size.slots, maxLength: size.slots })
    const client = fc.tuple(fc.array(reserve(size.slots), { maxLength: 2 }), fc.array(action(size.slots), { maxLength: 7 }))
    return fc.record({
      stock: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: size.skus, maxLength: size.skus }),
      slots,
      adjustments: fc.array(adjustment(size.skus), { minLength: adjustments, maxLength: adjustments }),
      clients: fc.array(
        client.map(([first, rest]) => [...first, ...rest]),
        { minLength: size.clients, maxLength: size.clients },
      ),
    })
  })

const adjustments = 2

function slot(skus: number): fc.Arbitrary<Slot> {
  const line = fc.record({ sku: fc.nat({ max: skus - 1 }), quantity: fc.integer({ min: 1, max: 3 }) })
  return fc.record({
    lines: fc.uniqueArray(line, { minLength: 1, maxLength: 2, selector: ({ sku }) => sku }),
    ttlSeconds: fc.constantFrom(shortTtl, longTtl),
  })
}

function adjustment(skus: number): fc.Arbitrary<Adjustment> {
  return fc.record({ sku: fc.nat({ max: skus - 1 }), delta: fc.constantFrom(-2, -1, 1, 2) })
}

function reserve(slots: number): fc.Arbitrary<Action> {
  return fc.record({
    pause: fc.nat({ max: 10 }),
    call: fc.nat({ max: slots - 1 }).map((slot) => ({ do: 'reserve' as const, slot })),
  })
}

function action(slots: number): fc.Arbitrary<Action> {
  const slot = fc.nat({ max: slots - 1 })
  const ofSlot = fc
    .tuple(fc.constantFrom('reserve', 'reserve', 'reserve', 'cancel', 'cancel', 'extend', 'extend', 'look', 'cancelOrder'), slot)
    .map(([what, slot]): Call => ({ do: what, slot }))
  const call = fc.oneof(
    { weight: 7, arbitrary: ofSlot },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('checkOut'), slot, declined: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('adjust'), adjustment: fc.nat({ max: adjustments - 1 }) }) },
    { weight: 3, arbitrary: fc.constantFrom<Call>({ do: 'readStock' }, { do: 'readStock' }, { do: 'sweep' }) },
  )
  const endOf = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ slot, after: fc.integer({ min: -25, max: 25 }) }) },
  )
  return fc.record({ pause: fc.nat({ max: 10 }), endOf, call })
}

/** In words, a line for each client. */
export function describeProgram(program: Program): string {
  const actions = program.clients.map((client, index) => `  client ${index}: ${client.map(describeAction(program)).join('; ')}`)
  const stock = program.stock.map((units, sku) => `${skuName(sku)}: ${units}`).join(', ')
  return [`  stock ${stock}`, ...actions].join('\n')
}

const describeAction =
  (program: Program) =>
  ({ pause, endOf, call }: Action): string => {
    const wait = pause === 0 ? '' : `${pause} ms, `
    const end = endOf === undefined ? '' : `end of r${endOf.slot} ${endOf.after < 0 ? '-' : '+'} ${Math.abs(endOf.after)} ms, `
    return `${wait}${end}${describeCall(program, call)}`
  }

export function describeCall(program: Program, call: Call): string {
  switch (call.do) {
    case 'reserve': {
      const slot = slotOf(program, call.slot)
      const lines = slot.lines.map(({ sku, quantity }) => `${quantity} ${skuName(sku)}`).join(' + ')
      return `reserve r${call.slot} (${lines}, ${slot.ttlSeconds} s)`
    }
    case 'checkOut':
      return `check out r${call.slot}${call.declined ? ' (declined card)' : ''}`
    case 'cancelOrder':
      return `cancel the order of r${call.slot}`
    case 'cancel':
    case 'extend':
    case 'look':
      return `${call.do === 'look' ? 'look at' : call.do} r${call.slot}`
    case 'adjust': {
      const { sku, delta } = adjustmentOf(program, call.adjustment)
      return `adjust a${call.adjustment} (${skuName(sku)} by ${delta})`
    }
    case 'readStock':
      return 'read the stock'
    case 'readSettled':
      return 'read the stock when all is done'
    case 'sweep':
      return 'sweep'
  }
}

export function slotOf(program: Program, slot: number): Slot {
  const found = program.slots[slot]
  if (found === undefined) throw new Error(`there is no slot ${slot}`)
  return found
}

export function adjustmentOf(program: Program, adjustment: number): Adjustment {
  const found = program.adjustments[adjustment]
  if (found === undefined) throw new Error(`there is no adjustment ${adjustment}`)
  return found
}

export function skuName(sku: number): string {
  return String.fromCodePoint('A'.charCodeAt(0) + sku)
}
