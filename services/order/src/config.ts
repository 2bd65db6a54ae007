import { eventsShape } from '@holdfast/events'
import {
  archiveShape,
  grpcTarget,
  httpUrl,
  rateLimitShape,
  readConfig,
  serviceShape,
  userTokenShape,
  wholeNumberOr,
} from '@holdfast/service'

import type { PaymentLimits } from './deps'
import { webhookSecrets } from './payment/standard-webhook'

/** Everything this service reads from the environment, once. */
export function readOrderConfig(env?: NodeJS.ProcessEnv) {
  return readConfig(
    {
      ...serviceShape,
      ...eventsShape,
      ...userTokenShape,
      ...archiveShape,
      ...rateLimitShape,
      INVENTORY_ADDR: grpcTarget(),
      RESERVATION_ADDR: grpcTarget(),
      /** How long the payment provider may take to authorize, in ms. */
      PAYMENT_LIMIT_MS: wholeNumberOr(30_000, 100, 60_000),
      /** A payment whose process has been silent for so long is taken over, in ms. */
      PAYMENT_LEASE_MS: wholeNumberOr(15_000, 100, 30_000),
      /** Callbacks of the provider are signed with one of these; without any none is taken. */
      PAYMENT_CALLBACK_SECRETS: webhookSecrets(),
      /** How long a checkout waits for a callback before it answers that the payment is under way, in ms. */
      PAYMENT_CALLBACK_WAIT_MS: wholeNumberOr(3_000, 0, 60_000),
      /** An attempt that waits for its callback is looked at so often all the same, in ms. */
      PAYMENT_CALLBACK_LOOK_MS: wholeNumberOr(15_000, 100, 60_000),
      /** How long the provider may take to decide and call back, in ms. */
      PAYMENT_CALLBACK_LIMIT_MS: wholeNumberOr(300_000, 100, 3_600_000),
      /** Where the simulated provider calls back; without it it decides and does not call. */
      SIMULATED_CALLBACK_URL: httpUrl().optional(),
      /** How long it takes to decide what it calls back about, in ms. */
      SIMULATED_CALLBACK_MS: wholeNumberOr(1_000, 0, 600_000),
      /** How long tok_slow takes at the simulated provider, in ms. */
      SIMULATED_SLOW_MS: wholeNumberOr(20_000, 0, 600_000),
    },
    env,
  )
}

/** After the limit the provider is still asked what became of it, for so long, in ms. */
const patienceMs = 10_000
/** How long another service, or the provider when it has decided already, may take to answer, in ms. */
const callMs = 5_000
/**
 * A payment that is taken over costs a few kB and, between its calls, a statement now and then. While the provider answers nothing, each
 * holds its place for `callMs`: so 200 look at 600 payments every 15 s, in each replica.
 */
const recoveriesAtOnce = 200

/** The hold outlives the limit by a crash of its driver, the recovery, and the provider's late answer. */
export function paymentLimits(config: ReturnType<typeof readOrderConfig>): PaymentLimits {
  const giveUpMs = config.PAYMENT_LIMIT_MS + patienceMs
  return {
    limitMs: config.PAYMENT_LIMIT_MS,
    callMs,
    leaseMs: config.PAYMENT_LEASE_MS,
    recoveriesAtOnce,
    giveUpMs,
    graceMs: giveUpMs + config.PAYMENT_LEASE_MS,
    callbackWaitMs: config.PAYMENT_CALLBACK_WAIT_MS,
    callbackLookMs: config.PAYMENT_CALLBACK_LOOK_MS,
    callbackLimitMs: config.PAYMENT_CALLBACK_LIMIT_MS,
  }
}
