import { eventsShape } from '@holdfast/events'
import {
  archiveShape,
  ConfigError,
  grpcTarget,
  rateLimitShape,
  readConfig,
  serviceShape,
  userTokenShape,
  wholeNumberOr,
} from '@holdfast/service'
import { z } from 'zod'

/** Everything this service reads from the environment, once. */
export function readReservationConfig(env?: NodeJS.ProcessEnv) {
  const config = readConfig(
    {
      ...serviceShape,
      ...eventsShape,
      ...userTokenShape,
      ...archiveShape,
      ...rateLimitShape,
      /** The inventory service. */
      INVENTORY_ADDR: grpcTarget(),
      /** How long a reservation lives when nothing is asked for, in seconds. */
      RESERVATION_TTL_DEFAULT: wholeNumberOr(300, 1, 31_536_000),
      /** The shortest that may be asked for, in seconds. */
      RESERVATION_TTL_MIN: wholeNumberOr(1, 1, 31_536_000),
      /** The longest, extensions included, in seconds. */
      RESERVATION_TTL_MAX: wholeNumberOr(86_400, 1, 31_536_000),
      /** Most lines of a request. */
      MAX_LINES: wholeNumberOr(500, 1, 500),
      /** How long what is offered to somebody on the waitlist is reserved, in seconds; RESERVATION_TTL_MAX where that is shorter. */
      WAITLIST_TTL: wholeNumberOr(600, 1, 31_536_000),
      /** Entries on the waitlist that a user may have at once. */
      WAITLIST_MAX_PER_USER: wholeNumberOr(50, 1, 1_000),
      /** `off`: this process expires nothing by itself; the Sweep RPC still does. */
      SWEEPER: z.enum(['on', 'off'], { error: 'must be on or off' }).prefault('on'),
      /** A hold that has no reservation is released when it is so old, in ms; longer than any create may take. */
      ORPHAN_MIN_AGE_MS: wholeNumberOr(30_000, 0, 3_600_000),
    },
    env,
  )
  const { RESERVATION_TTL_MIN: min, RESERVATION_TTL_DEFAULT: fallback, RESERVATION_TTL_MAX: max } = config
  if (min > fallback || fallback > max) {
    throw new ConfigError('RESERVATION_TTL_DEFAULT: must be from RESERVATION_TTL_MIN to RESERVATION_TTL_MAX')
  }
  return config
}
