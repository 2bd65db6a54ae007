import { eventsShape } from '@holdfast/events'
import {
  archiveShape,
  grpcTarget,
  rateLimitShape,
  readConfig,
  serviceShape,
  userTokenShape,
  wholeNumberOr,
} from '@holdfast/service'

import type { PaymentLimits } from './deps'

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
      /** How long tok_slow takes at the simulated provider, in ms. */
      SIMULATED_SLOW_MS: wholeNumberOr(20_000, 0, 600_000),
    },
    env,
  )
}

/** After the limit the provider is still asked what became of it, for so long, in ms. */
const patienceMs = 10_000

/** The hold outlives the limit by a crash of its driver, the recovery, and the provider's late answer. */
export function paymentLimits(config: { PAYMENT_LIMIT_MS: number; PAYMENT_LEASE_MS: number }): PaymentLimits {
  const giveUpMs = config.PAYMENT_LIMIT_MS + patienceMs
  return {
    limitMs: config.PAYMENT_LIMIT_MS,
    leaseMs: config.PAYMENT_LEASE_MS,
    giveUpMs,
    graceMs: giveUpMs + config.PAYMENT_LEASE_MS,
  }
}
