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
  /** Sets how many units of a line it has, or gives so many back. */
  | { do: 'change'; slot: number; line: number; quantity: number; giveBack: boolean }
  | { do: 'adjust'; adjustment: number }
  | { do: 'readStock' | 'sweep' | 'readSettled' }

/** A call about a reservation that nobody was told of yet makes it instead. */
export interface Action {
  /** First wait until every other client that still meets somebody is about to do so, too. */
  meet: boolean
  /** Then for so long, ms. */
  pause: number
  /** And for the next end of a short reservation that somebody was told of, and so many ms more. */
  afterEnd?: number | undefined
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

/** Half of the time none, so that calls meet. */
const pause = fc.oneof(fc.constant(0), fc.nat({ max: 10 }))

interface Size {
  skus: number
  slots: number
  clients: number
  adjustments: number
  /** How often lines are changed, among some 16 other calls; 0: what was reserved stays as it is. */
  changes: number
  /** Clients draw from these, so that the same is asked for by several at once. */
  sharedActions: number
  /** The most units of a SKU. */
  units: number
  /** Of a client, at most and at least: reservations first, then anything. */
  first: Length
  rest: Length
}

interface Length {
  minLength: number
  maxLength: number
}

export const programs: fc.Arbitrary<Program> = fc.noBias(
  fc
    .record({
      skus: fc.integer({ min: 2, max: 3 }),
      slots: fc.integer({ min: 2, max: 4 }),
      clients: fc.integer({ min: 2, max: 4 }),
      sharedActions: fc.integer({ min: 3, max: 8 }),
      units: fc.constant(5),
      adjustments: fc.constant(2),
      changes: fc.constant(5),
      first: fc.constant({ minLength: 0, maxLength: 2 }),
      rest: fc.constant({ minLength: 2, maxLength: 7 }),
    })
    .chain(programOf),
)

/** Too large for the checker. */
export const largePrograms: fc.Arbitrary<Program> = programOf({
  skus: 20,
  slots: 120,
  clients: 16,
  sharedActions: 300,
  units: 25,
  adjustments: 20,
  // What holds for every history is said of what was reserved.
  changes: 0,
  first: exactly(8),
  rest: exactly(40),
})

function programOf(size: Size): fc.Arbitrary<Program> {
  return fc.record({
    stock: fc.array(fc.integer({ min: 1, max: size.units }), exactly(size.skus)),
    slots: fc.array(slot(size.skus), exactly(size.slots)),
    adjustments: fc.array(adjustment(size.skus), exactly(size.adjustments)),
    clients: fc
      .array(action(size), exactly(size.sharedActions))
      .chain((shared) => fc.array(client(size, shared), exactly(size.clients))),
  })
}

function exactly(length: number): Length {
  return { minLength: length, maxLength: length }
}

function client({ slots, first, rest }: Size, shared: Action[]): fc.Arbitrary<Action[]> {
  const actions = fc.tuple(fc.array(reserve(slots), first), fc.array(fc.constantFrom(...shared), rest))
  return actions.map((parts) => parts.flat())
}

function slot(skus: number): fc.Arbitrary<Slot> {
  const line = fc.record({ sku: fc.nat({ max: skus - 1 }), quantity: fc.integer({ min: 1, max: 3 }) })
  return fc.record({
    lines: fc.uniqueArray(line, { minLength: 1, maxLength: 2, selector: ({ sku }) => sku }),
    ttlSeconds: fc.constantFrom(shortTtl, shortTtl, longTtl),
  })
}

function adjustment(skus: number): fc.Arbitrary<Adjustment> {
  return fc.record({ sku: fc.nat({ max: skus - 1 }), delta: fc.constantFrom(-2, -1, 1, 2) })
}

function reserve(slots: number): fc.Arbitrary<Action> {
  return fc.record({
    meet: fc.boolean(),
    pause,
    call: fc.nat({ max: slots - 1 }).map((slot) => ({ do: 'reserve' as const, slot })),
  })
}

function action({ slots, adjustments, changes }: Size): fc.Arbitrary<Action> {
  const slot = fc.nat({ max: slots - 1 })
  const ofSlot = fc
    .tuple(
      fc.constantFrom(
        'reserve',
        'reserve',
        'reserve',
        'cancel',
        'cancel',
        'extend',
        'extend',
        'look',
        'cancelOrder',
        'cancelOrder',
      ),
      slot,
    )
    .map(([what, slot]): Call => ({ do: what, slot }))
  const call = fc.oneof(
    { weight: 7, arbitrary: ofSlot },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('checkOut'), slot, declined: fc.boolean() }) },
    { weight: changes, arbitrary: changeOfLine(slot) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('adjust'), adjustment: fc.nat({ max: adjustments - 1 }) }) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Call>({ do: 'readStock' }, { do: 'readStock' }, { do: 'readStock' }, { do: 'sweep' }),
    },
  )
  const afterEnd = fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: -10, max: 25 }) },
  )
  return fc.record({ meet: fc.boolean(), pause, afterEnd, call })
}

/** @param slot of which either line is meant; a slot of one line has only that */
function changeOfLine(slot: fc.Arbitrary<number>): fc.Arbitrary<Call> {
  const line = fc.nat({ max: 1 })
  const set = fc.record({ do: fc.constant('change'), slot, line, quantity: fc.nat({ max: 4 }), giveBack: fc.constant(false) })
  const giveBack = fc.record({
    do: fc.constant('change'),
    slot,
    line,
    quantity: fc.integer({ min: 1, max: 2 }),
    giveBack: fc.constant(true),
  })
  return fc.oneof({ weight: 2, arbitrary: set }, { weight: 1, arbitrary: giveBack })
}

/** In words, a line for each client. */
export function describeProgram(program: Program): string {
  const actions = program.clients.map((client, index) => `  client ${index}: ${client.map(describeAction(program)).join('; ')}`)
  const stock = program.stock.map((units, sku) => `${skuName(sku)}: ${units}`).join(', ')
  return [`  stock ${stock}`, ...actions].join('\n')
}

const describeAction =
  (program: Program) =>
  ({ meet, pause, afterEnd, call }: Action): string => {
    const together = meet ? 'together: ' : ''
    const wait = pause === 0 ? '' : `${pause} ms, `
    const end = afterEnd === undefined ? '' : `the next end ${afterEnd < 0 ? '-' : '+'} ${Math.abs(afterEnd)} ms, `
    return `${together}${wait}${end}${describeCall(program, call)}`
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
    case 'change': {
      const name = skuName(lineOf(program, call).sku)
      return call.giveBack
        ? `give ${call.quantity} ${name} of r${call.slot} back`
        : `have ${call.quantity} ${name} in r${call.slot}`
    }
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

/** Its place in the slot, and what it is there. */
export function lineOf(program: Program, { slot, line }: { slot: number; line: number }): { place: number; sku: number } {
  const { lines } = slotOf(program, slot)
  const place = line % lines.length
  return { place, sku: lines[place]?.sku ?? 0 }
}

export function adjustmentOf(program: Program, adjustment: number): Adjustment {
  const found = program.adjustments[adjustment]
  if (found === undefined) throw new Error(`there is no adjustment ${adjustment}`)
  return found
}

export function skuName(sku: number): string {
  return String.fromCodePoint('A'.charCodeAt(0) + sku)
}
