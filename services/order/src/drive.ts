/** Takes a payment attempt from state to state; payment-attempt.ts says why this is safe. */
import type { Hold } from '@holdfast/contracts/inventory'
import { faultPoint, fromItemError, HoldfastError, type Logger, systemContext } from '@holdfast/service'

import { type Base, serviceName } from './deps'
import { endAttempt } from './end-attempt'
import { takeFill } from './fills'
import { byService } from './record'
import {
  afterAuthorize,
  afterCapture,
  afterFirstAnswer,
  afterGivingBack,
  type Decision,
  type EndState,
  type Failure,
  isOpen,
  type OpenState,
  outOfPatience,
} from './payment-attempt'
import { type AttemptRow, handOver, moveAttempt, renewLease, type Step as Move } from './sql/attempts'
import { lockOrder } from './sql/orders'
import { within } from './within'

export interface Drive {
  base: Base
  /** Names this drive: two of one process are no less apart than those of two. */
  driver: string
  /** The payment token; undefined when somebody else's attempt is recovered: then the provider is asked, not told. */
  token: string | undefined
}

type Step = (attempt: AttemptRow, drive: Drive) => Promise<Decision>

/** How long inventory may take to hear that a hold needs no protection any more, in ms; it would end by itself. */
const courtesyMs = 1_000

const steps: Record<OpenState, Step> = {
  STARTED: async (attempt, { base, token }) =>
    token === undefined ? { to: 'FAILED', failure: 'UNAVAILABLE' } : protect(attempt, base),

  AUTHORIZING: async (attempt, { base, token }) => {
    const { id, currency, amount_minor: amountMinor } = attempt
    if (token !== undefined) {
      const payment = { id, amount: { currency, amountMinor }, token }
      await faultPoint('payment.announced')
      const state = await within(base.limits.limitMs, async (signal) => base.provider.authorize(payment, signal))
      await faultPoint('payment.authorized')
      return afterFirstAnswer[state]
    }
    const decision = afterAuthorize[await within(base.limits.callMs, async () => base.provider.lookup(id))]
    return decision === 'ask again' && attempt.age_ms > base.limits.giveUpMs ? outOfPatience : decision
  },

  WAITING: async (attempt, { base }) => {
    const inTime = attempt.age_ms <= base.limits.callbackLimitMs
    try {
      const decision = afterAuthorize[await within(base.limits.callMs, async () => base.provider.lookup(attempt.id))]
      if (decision !== 'ask again') return decision
    } catch (error) {
      // Also while it does not answer the provider has its time; an unknown outcome is not given up when that is over.
      const decision = inTime ? await protectFurther(attempt, base) : 'ask again'
      if (decision === 'ask again') throw error
      return decision
    }
    return inTime ? protectFurther(attempt, base) : outOfPatience
  },

  AUTHORIZED: commit,

  COMMITTED: async (attempt, { base }) => {
    const state = await within(base.limits.callMs, async () => base.provider.capture(attempt.id))
    await faultPoint('payment.captured')
    return afterCapture[state]
  },

  VOIDING: async (attempt, { base }) => {
    const state = await within(base.limits.callMs, async () => base.provider.void(attempt.id))
    if (state !== 'captured') return afterGivingBack[state]
    // An outcome that nobody knew has turned out to be a captured payment.
    return afterGivingBack[await within(base.limits.callMs, async () => base.provider.refund(attempt.id))]
  },
}

/**
 * Goes on until the attempt is over, its outcome has to be waited for, or another driver has it; renews the lease meanwhile.
 * @returns an error when the attempt was left open: what those who wait are told; never throws
 */
export async function drive(attempt: AttemptRow, how: Drive): Promise<HoldfastError | undefined> {
  const { base, driver } = how
  const log = base.log.child({ requestId: attempt.context.requestId, attempt: attempt.id, order: attempt.order_id })
  const renewal = setInterval(() => {
    renewLease(base.database.pool, attempt.id, driver, base.limits.leaseMs).catch((error: unknown) => {
      log.warn({ err: error }, 'the lease of a payment could not be renewed')
    })
  }, base.limits.leaseMs / 3).unref()
  try {
    return await goOn(attempt, how, log)
  } catch (error) {
    log.warn({ err: error }, 'a payment could not go on; its lease lapses')
    return outcomeUnknown(error)
  } finally {
    clearInterval(renewal)
  }
}

async function goOn(attempt: AttemptRow, how: Drive, log: Logger): Promise<HoldfastError | undefined> {
  const { base, driver } = how
  let current: AttemptRow | undefined = attempt
  let { token } = how
  while (current !== undefined && isOpen(current.state)) {
    const { decision, error } = await decide(steps[current.state], current, { ...how, token })
    if (decision !== 'ask again') {
      current = await take(current, decision, how)
      continue
    }
    log.info({ state: current.state, err: error, tries: current.tries }, 'a payment waits for an answer')
    const waits: boolean = current.state === 'WAITING'
    const pause = waits && error === undefined ? untilNextLook(current, base) : pauseMs(current.tries)
    const again = await handOver(base.database.pool, current.id, driver, { pauseMs: pause, leaseMs: base.limits.leaseMs })
    // The provider has been told once; what became of that it is asked.
    token = undefined
    if (!again) return waits ? undefined : outcomeUnknown(error)
  }
  return undefined
}

/** An answer that does not come leaves the outcome unknown. */
async function decide(step: Step, attempt: AttemptRow, how: Drive): Promise<{ decision: Decision; error?: unknown }> {
  try {
    return { decision: await step(attempt, how) }
  } catch (error) {
    return { decision: 'ask again', error }
  }
}

async function take(attempt: AttemptRow, decision: Exclude<Decision, 'ask again'>, how: Drive): Promise<AttemptRow | undefined> {
  const { base, driver } = how
  const move: Move = { ...decision, driver, leaseMs: base.limits.leaseMs }
  if (isOpen(move.to)) return moveAttempt(base.database.pool, attempt, move)
  // While the attempt is open there is no other whose protection this could end.
  if (move.to !== 'SUCCEEDED' && move.to !== 'UNCAPTURED') await endProtection(attempt, base)
  return endAttempt(base, attempt, { ...move, to: move.to satisfies EndState })
}

async function protect(attempt: AttemptRow, base: Base): Promise<Decision> {
  try {
    const hold = await askProtection(attempt, base, base.limits.graceMs, attempt.lines_version)
    // Told of here, too: the event may have been there before the order was.
    if (hold !== undefined && hold.fills > 0) await takeProtected(attempt, hold, base)
    await faultPoint('payment.protected')
    return { to: 'AUTHORIZING' }
  } catch (error) {
    // Whatever it was, no money has been asked for: the caller may as well start again.
    const failure = lossOf(error)
    if (failure === 'CONFLICT') await bringUpToDate(attempt, base)
    if (failure === undefined)
      base.log.warn({ err: error, attempt: attempt.id }, 'a hold could not be protected; its payment is not begun')
    return { to: 'FAILED', failure: failure ?? 'UNAVAILABLE' }
  }
}

/** The provider has not decided: its hold is protected until the next look, and for as long as a crash of whoever looks takes. */
async function protectFurther(attempt: AttemptRow, base: Base): Promise<Decision> {
  const graceMs = untilNextLook(attempt, base) + base.limits.leaseMs + base.limits.callMs
  try {
    await askProtection(attempt, base, graceMs, attempt.lines_version)
    await faultPoint('payment.waiting')
    return 'ask again'
  } catch (error) {
    const failure = lossOf(error)
    // Without an answer the hold has what protection it had.
    return failure === undefined ? 'ask again' : { to: 'VOIDING', failure }
  }
}

/** In ms: callback or not, the last look is when the provider has had its time. */
function untilNextLook({ age_ms: ageMs }: AttemptRow, { limits }: Base): number {
  return Math.ceil(Math.min(limits.callbackLookMs, Math.max(limits.callbackLimitMs - ageMs, 0) + 1))
}

/** The reservation may have missed the change, whose caller is gone: the next attempt is to be priced from what there is. */
async function bringUpToDate(attempt: AttemptRow, base: Base): Promise<void> {
  try {
    await base.peers.reservation.getReservation({ id: attempt.reservation_id, settled: true }, callContext(attempt, base))
  } catch (error) {
    base.log.warn({ err: error, attempt: attempt.id }, 'a reservation was not asked to take over what its hold has')
  }
}

async function takeProtected(attempt: AttemptRow, hold: Hold, base: Base): Promise<void> {
  await base.database.transaction(async (client) => {
    const order = await lockOrder(client, attempt.order_id)
    if (order !== undefined) await takeFill(client, order, hold, byService(attempt.context))
  })
  base.wakeRelay()
}

async function endProtection(attempt: AttemptRow, base: Base): Promise<void> {
  try {
    await askProtection(attempt, base, 0, 0, courtesyMs)
  } catch {
    // It ends by itself when the grace is over.
  }
}

async function askProtection(
  attempt: AttemptRow,
  base: Base,
  graceMs: number,
  linesVersion: number,
  ms?: number,
): Promise<Hold | undefined> {
  const { results } = await base.peers.inventory.protect(
    { items: [{ id: attempt.reservation_id, graceMs, linesVersion }] },
    callContext(attempt, base, ms),
  )
  const error = results[0]?.error
  if (error !== undefined) throw fromItemError(error)
  return results[0]?.hold
}

async function commit(attempt: AttemptRow, { base }: Drive): Promise<Decision> {
  try {
    const { reservation } = await base.peers.reservation.commitReservation(
      { id: attempt.reservation_id, linesVersion: attempt.lines_version },
      callContext(attempt, base),
    )
    await faultPoint('payment.sold')
    if (reservation?.status === 'COMMITTED') return { to: 'COMMITTED' }
    return { to: 'VOIDING', failure: reservation?.status === 'EXPIRED' ? 'RESERVATION_EXPIRED' : 'RESERVATION_NOT_ACTIVE' }
  } catch (error) {
    const failure = lossOf(error)
    if (failure === undefined) throw error
    return { to: 'VOIDING', failure }
  }
}

/**
 * The refusals that say that the hold can't be sold for this payment: it is over, or has other lines than were priced. Any other error
 * leaves open whether it was.
 */
function lossOf(error: unknown): Failure | undefined {
  if (!(error instanceof HoldfastError)) return undefined
  switch (error.code) {
    case 'RESERVATION_EXPIRED':
    case 'NOT_FOUND':
      return 'RESERVATION_EXPIRED'
    case 'RESERVATION_NOT_ACTIVE':
      return 'RESERVATION_NOT_ACTIVE'
    case 'PRECONDITION_FAILED':
      return 'CONFLICT'
    default:
      return undefined
  }
}

/** By the service itself, as long as it takes: whoever asked may have left. */
function callContext(attempt: AttemptRow, base: Base, ms = base.limits.callMs) {
  const { requestId, traceparent } = attempt.context
  return { ...systemContext(serviceName, base.log, ms), requestId, traceparent }
}

/** Before the next look at an attempt that waits for an answer, in ms. */
function pauseMs(tries: number): number {
  return Math.min(250 * 2 ** tries, 10_000)
}

function outcomeUnknown(cause: unknown): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'The outcome of the payment is not known yet; repeat the request to learn it', {
    cause,
  })
}
