/** Compares holds with the reservations and orders of the other services, while everybody goes on (truth 2). */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Difference } from '@holdfast/contracts/inventory'
import { type CallContext, checkDeadline, type Database } from '@holdfast/service'

import { pageSize, type Peers, readAllEntries, readEntries } from './entries'
import { type Entry, type Finding, judge, versionsOf } from './judge'

export interface AcrossOptions {
  database: Database
  peers: Peers
  /** See {@link JudgeOptions.graceMs}. */
  graceMs: number
  /** Goes through the archives too; without it, only for what is missing among the others. */
  archived?: boolean
}

export interface Comparison {
  differences: Difference[]
  checked: { reservations: bigint; orders: bigint; underWay: bigint; archivedReservations?: bigint }
}

/** Entries that differ, with their versions when they were first seen to. */
type Suspects = Map<string, string>

/** How long rows that differ have to stay as they are until that counts, in ms. */
const settleMs = 2_000
const firstPauseMs = 20
const longestPauseMs = 400

/**
 * Goes through all entries once. What differs is looked at again: it counts only when the same versions still differ after
 * the pass, and when no pause brought a change. Ends early with {@link mostDifferences}.
 */
export async function compareAcross(options: AcrossOptions, mostDifferences: number, ctx: CallContext): Promise<Comparison> {
  const pass = readAllEntries(options.database, options.peers, options.archived ?? false, ctx)
  const suspects: Suspects = new Map()
  let underWay = 0
  for await (const entries of pass.windows) {
    checkDeadline(ctx)
    const differing: Suspects = new Map()
    for (const entry of entries) {
      const findings = judge(entry, options)
      if (findings.some(isDifference)) differing.set(entry.id, versionsOf(entry))
      else if (findings.length > 0) underWay++
    }
    // Most of them have moved on by now; the others wait for the end.
    const again = await lookAgain(options, differing, ctx)
    underWay += differing.size - again.length
    for (const { entry } of again) suspects.set(entry.id, differing.get(entry.id) ?? '')
    if (suspects.size >= mostDifferences) break
  }
  const differing = await settle(options, suspects, ctx)
  underWay += suspects.size - differing.length
  return {
    differences: differing.flatMap(({ differences }) => differences),
    checked: { ...pass.counts(), underWay: BigInt(underWay) },
  }
}

interface Differing {
  entry: Entry
  differences: Difference[]
}

/** What one id looks like when it has come to rest; undefined: it does not differ, or it does not rest. */
export async function settledDifference(options: AcrossOptions, id: string, ctx: CallContext): Promise<Differing | undefined> {
  const [entry] = await readEntries(options.database, options.peers, [id], ctx)
  if (entry === undefined || !judge(entry, options).some(isDifference)) return undefined
  const [differing] = await settle(options, new Map([[id, versionsOf(entry)]]), ctx)
  return differing
}

/** Looks until nothing differs any more or the time is over; what has not moved in all that time is what differs. */
async function settle(options: AcrossOptions, suspects: Suspects, ctx: CallContext): Promise<Differing[]> {
  const until = performance.now() + settleMs
  let differing: Differing[] = []
  let left: Suspects = suspects
  for (let pauseMs = firstPauseMs; left.size > 0; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    await sleep(pauseMs)
    checkDeadline(ctx)
    differing = await lookAgain(options, left, ctx)
    left = new Map(differing.map(({ entry }) => [entry.id, suspects.get(entry.id) ?? '']))
    if (performance.now() >= until) return differing
  }
  return []
}

/** Those that differ still, and at the same versions. */
async function lookAgain(options: AcrossOptions, suspects: Suspects, ctx: CallContext): Promise<Differing[]> {
  const ids = [...suspects.keys()]
  const differing: Differing[] = []
  for (let from = 0; from < ids.length; from += pageSize) {
    const entries = await readEntries(options.database, options.peers, ids.slice(from, from + pageSize), ctx)
    for (const entry of entries) {
      const differences = judge(entry, options).filter(isDifference)
      if (differences.length > 0 && versionsOf(entry) === suspects.get(entry.id)) differing.push({ entry, differences })
    }
  }
  return differing
}

function isDifference(finding: Finding): finding is Difference {
  return finding !== 'underWay'
}
