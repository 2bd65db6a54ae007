import { eventsShape } from '@holdfast/events'
import { archiveShape, grpcTarget, readConfig, serviceShape, userTokenShape, wholeNumberOr } from '@holdfast/service'

/** Everything this service reads from the environment, once. */
export function readInventoryConfig(env?: NodeJS.ProcessEnv) {
  return readConfig(
    {
      ...serviceShape,
      ...eventsShape,
      ...userTokenShape,
      ...archiveShape,
      /** A payment protects a hold for at most so long, in ms. */
      PAYMENT_GRACE_MAX_MS: wholeNumberOr(120_000, 1_000, 3_600_000),
      /** Holds that wait for their batch at most; one more is OVERLOADED. */
      HOLD_QUEUE_MAX: wholeNumberOr(20_000, 1, 1_000_000),
      /** Units of one SKU that a shopper may have, held or bought and kept, where the product has no limit of its own; 0: no limit. */
      LIMIT_UNITS_PER_SHOPPER: wholeNumberOr(0, 0, 1_000_000),
      /** Reservations that a shopper may have at once; 0: no limit. Both count what is reserved while they are set. */
      LIMIT_HOLDS_PER_SHOPPER: wholeNumberOr(0, 0, 1_000_000),
      /** Streams that watch availability at once; one more is OVERLOADED. */
      WATCHERS_MAX: wholeNumberOr(10_000, 0, 1_000_000),
      /** SKUs that all of them watch together; all are read four times a second. */
      WATCHED_SKUS_MAX: wholeNumberOr(5_000, 0, 100_000),
      /** Of so many SKUs, those with the fewest units, the metrics say what is available. */
      METRICS_SKUS: wholeNumberOr(200, 0, 10_000),
      /** The other services, for the check of the books; without both of them it checks only its own. */
      RESERVATION_ADDR: grpcTarget().optional(),
      ORDER_ADDR: grpcTarget().optional(),
      /**
       * What reservation and order have not taken over from a hold so long after it was made or ended counts as a difference,
       * in ms; longer than the search for orphans and the recovery of a payment take.
       */
      CONSISTENCY_GRACE_MS: wholeNumberOr(60_000, 0, 3_600_000),
    },
    env,
  )
}

export type InventoryConfig = ReturnType<typeof readInventoryConfig>
