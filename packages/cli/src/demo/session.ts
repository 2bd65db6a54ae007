import { type Client, HoldfastApiError, type Order, type Reservation } from '@holdfast/client'

import { type Api, describe } from './api'
import type { Progress } from '../progress'
import type { Check } from '../report'

/** What the parts of the demo share. */
export interface Session {
  api: Api
  progress: Progress
  admin: Client
  /** A registered user each. */
  shoppers: Client[]
  checks: Check[]
  /** Answers that no part of the demo expects, each once. */
  unexpected: Set<string>
  /** What is worth telling at the end. */
  facts: string[]
}

/** What a shopper who wants something is answered. */
export type Reply = Reservation | Order | HoldfastApiError

/** How many of the answers are as expected; the others are kept for the report. */
export function count<Found extends Reply>(
  session: Session,
  replies: readonly Found[],
  isExpected: (reply: Found) => boolean,
): number {
  const expected = replies.filter(isExpected)
  for (const reply of replies) {
    if (expected.includes(reply)) continue
    session.unexpected.add(reply instanceof HoldfastApiError ? describe(reply) : reply.status)
  }
  return expected.length
}
