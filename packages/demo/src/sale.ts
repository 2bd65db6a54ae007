import {
  type Sale as SaleMessage,
  Sale_Phase as Phase,
  Sale_Shopper as Shopper,
  sale_ShopperToNumber as numberOf,
  type SaleBooks,
  type SaleWinner,
} from '@holdfast/contracts/demo'

import { Attendance } from './attendance'
import { Stopwatch } from './stopwatch'
import { Waits } from './waits'

/** The last winners are told by name, as many. */
const mostNamed = 8

/** No sale takes longer, in ms. */
const longestMs = 600_000

const final: readonly Phase[] = [Phase.DONE, Phase.STOPPED, Phase.FAILED]

export interface Plan {
  id: string
  sku: string
  stock: number
  shoppers: number
  strategy: 'COMBINING' | 'PESSIMISTIC' | 'OPTIMISTIC'
}

/** One sale: how far it is, what has been counted, and who watches. Shoppers are numbered from 0 on. */
export class Sale {
  books: SaleBooks | undefined
  /** CONFLICT answers. */
  conflicts = 0
  /** Requests sent again by the client. */
  repeated = 0
  /** Until everybody has gone home. */
  played: Promise<void> = Promise.resolve()
  private phase: Phase = Phase.WAITING
  private problem = ''
  private readonly counts = { won: 0, refused: 0, gaveUp: 0, paid: 0, letGo: 0, secondChances: 0 }
  private readonly states: Buffer
  private readonly lastWinners: SaleWinner[] = []
  private readonly waits = new Waits()
  private readonly raceTime = new Stopwatch()
  private readonly over = new AbortController()
  private readonly attendance: Attendance
  private readonly createdAt = new Date()

  constructor(
    readonly plan: Plan,
    patienceMs: number,
  ) {
    this.states = Buffer.alloc(plan.shoppers, numberOf(Shopper.SHOPPER_UNSPECIFIED))
    const limit = setTimeout(() => this.giveUp('It took longer than ten minutes'), longestMs)
    limit.unref()
    this.attendance = new Attendance(patienceMs, () => this.giveUp('Nobody watched any more'))
    this.over.signal.addEventListener('abort', () => clearTimeout(limit))
  }

  get id(): string {
    return this.plan.id
  }

  get isOver(): boolean {
    return final.includes(this.phase)
  }

  /** Aborted when the shoppers are to go home. */
  get signal(): AbortSignal {
    return this.over.signal
  }

  /** Resolves when all that it has begun is given back. */
  async stop(reason: string): Promise<void> {
    this.giveUp(reason)
    await this.played
  }

  /** Somebody watches. @returns call it when they leave */
  enter(): () => void {
    const leave = this.attendance.enter()
    this.timeTheRace()
    return () => {
      leave()
      this.timeTheRace()
    }
  }

  /** Before anything is asked of the shop: while nobody watches, nobody shops. Throws when the sale is over. */
  async whenWatched(): Promise<void> {
    await this.attendance.absence()
    this.signal.throwIfAborted()
  }

  enters(phase: 'SELLING' | 'PAYING' | 'CHECKING'): void {
    this.phase = phase
    this.timeTheRace()
  }

  /** @param problem empty: there is nothing to tell */
  ends(phase: 'DONE' | 'STOPPED' | 'FAILED', problem = ''): void {
    this.phase = phase
    if (problem !== '') this.problem = problem
    this.attendance.close()
    this.timeTheRace()
    if (!this.signal.aborted) this.over.abort(new Error('the sale is over'))
  }

  asks(shopper: number): void {
    this.put(shopper, Shopper.ASKING)
  }

  /** In the race. */
  wins(shopper: number, waitedMs: number, reservationId: string): void {
    this.put(shopper, Shopper.WON)
    this.counts.won++
    this.waits.add(waitedMs)
    this.lastWinners.unshift({ shopper: shopper + 1, waitedMicros: Math.round(waitedMs * 1_000), reservationId })
    if (this.lastWinners.length > mostNamed) this.lastWinners.pop()
  }

  /** In the race. */
  isRefused(shopper: number, waitedMs: number): void {
    this.put(shopper, Shopper.REFUSED)
    this.counts.refused++
    this.waits.add(waitedMs)
  }

  getsSecondChance(shopper: number): void {
    this.put(shopper, Shopper.WON)
    this.counts.secondChances++
  }

  pays(shopper: number): void {
    this.put(shopper, Shopper.PAID)
    this.counts.paid++
  }

  letsGo(shopper: number): void {
    this.put(shopper, Shopper.LET_GO)
    this.counts.letGo++
  }

  /** @param why what the shopper was told, in words */
  givesUp(shopper: number, why: string): void {
    this.put(shopper, Shopper.GAVE_UP)
    this.counts.gaveUp++
    this.problem ||= why
  }

  get paid(): number {
    return this.counts.paid
  }

  /** Units that were let go and that nobody has taken yet. */
  get cameBack(): number {
    return this.counts.letGo - this.counts.secondChances
  }

  toMessage(): SaleMessage {
    const { counts } = this
    const raceMs = Math.round(this.raceTime.ms)
    return {
      ...this.plan,
      ...counts,
      phase: this.phase,
      createdAt: this.createdAt,
      conflicts: this.conflicts,
      repeated: this.repeated,
      left: this.plan.stock - counts.won + this.cameBack,
      raceMs,
      answersPerSecond: raceMs > 0 ? Math.round(((counts.won + counts.refused) * 1_000) / raceMs) : 0,
      latency: this.waits.toMessage(),
      lastWinners: [...this.lastWinners],
      states: Buffer.from(this.states),
      books: this.books,
      problem: this.problem,
    }
  }

  private giveUp(reason: string): void {
    if (this.isOver || this.signal.aborted) return
    this.problem = reason
    this.over.abort(new Error(reason))
    this.attendance.close()
  }

  private put(shopper: number, state: Shopper): void {
    this.states[shopper] = numberOf(state)
  }

  /** Time in which nobody shops is not the race's. */
  private timeTheRace(): void {
    if (this.phase === Phase.SELLING && this.attendance.absence() === undefined) this.raceTime.start()
    else this.raceTime.stop()
  }
}
