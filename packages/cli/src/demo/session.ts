import { type Client, describe, type Reply } from '../client'
import type { Progress } from '../progress'
import type { Check } from '../report'

/** A registered user, with a token to act. */
export interface Shopper {
  token: string
}

/** What the parts of the demo share. */
export interface Session {
  client: Client
  progress: Progress
  /** The admin's token. */
  admin: string
  shoppers: Shopper[]
  checks: Check[]
  /** Answers that no part of the demo expects, each once. */
  unexpected: Set<string>
  /** What is worth telling at the end. */
  facts: string[]
}

/** How many of the answers are as expected; the others are kept for the report. */
export function count(session: Session, replies: readonly Reply[], isExpected: (reply: Reply) => boolean): number {
  const expected = replies.filter(isExpected)
  for (const reply of replies) if (!expected.includes(reply)) session.unexpected.add(describe(reply))
  return expected.length
}
