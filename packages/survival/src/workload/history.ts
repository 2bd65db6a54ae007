/** What clients asked for and were told: all that a checker knows of the outside. */

/** What a client wants. A `hold` is the name of the story whose reservation it is about; who waits in line may be given one. */
export type Call =
  | { do: 'reserve'; hold: string; lines: Line[]; ttlSeconds: number }
  | { do: 'change'; hold: string; sku: string; quantity: number }
  | { do: 'extend'; hold: string; ttlSeconds: number }
  | { do: 'cancel' | 'look'; hold: string }
  | { do: 'checkOut'; hold: string; paymentToken: string }
  | { do: 'cancelOrder'; hold: string }
  | { do: 'adjust'; sku: string; delta: number }
  | { do: 'transfer'; sku: string; quantity: number; from: string; to: string }
  | { do: 'readStock'; sku: string }
  | { do: 'joinWaitlist'; hold: string; sku: string; quantity: number }
  | { do: 'lookInLine'; hold: string }

export interface Line {
  sku: string
  quantity: number
}

/** What an answer said that checks care for; of a reservation, an order, a level or an entry of the waitlist. */
export interface Answer {
  /** Of what was answered. */
  id?: string
  status?: string
  /** What an entry of the waitlist was offered. */
  offered?: string
  replayed?: boolean
  /** Of the reservation; ms since 1970. */
  expiresAt?: number
  /** Of the one SKU. */
  available?: number
}

/** One request. Unknown: it may have been done, may be done later, or never. */
export interface Attempt {
  /** ms since 1970. */
  at: number
  outcome: 'ok' | 'refused' | 'unknown' | 'not yet'
  /** Of the problem, or what became of the request. */
  code?: string
  requestId?: string
}

/** A call with all its repeats, which have its key. */
export interface Operation {
  /** Its key. */
  id: string
  client: number
  call: Call
  /** From the first request to the answer that ended it; ms since 1970. */
  from: number
  to?: number
  /** Unknown: there was no clear answer before everybody went home. */
  outcome: 'ok' | 'refused' | 'unknown'
  /** Of the refusal. */
  code?: string
  answer?: Answer
  attempts: Attempt[]
}

/** Refused, and yet one of its requests may have been done all the same, or may be: nobody heard what became of it. */
export function isAmbiguous({ outcome, attempts }: Operation): boolean {
  return outcome === 'refused' && attempts.some((attempt) => attempt.outcome === 'unknown')
}

export function isAbout(call: Call): call is Extract<Call, { hold: string }> {
  return 'hold' in call
}

/** The key of the call that makes a story's reservation. */
export function reserveKey(hold: string): string {
  return `${hold}-reserve`
}
