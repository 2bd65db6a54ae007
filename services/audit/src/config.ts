import { eventsShape } from '@holdfast/events'
import { readConfig, serviceShape, userTokenShape, wholeNumberOr } from '@holdfast/service'

const shape = {
  ...serviceShape,
  ...eventsShape,
  ...userTokenShape,
  /** Between two signed checkpoints, while the log grows. */
  CHECKPOINT_INTERVAL_MS: wholeNumberOr(60_000, 100, 86_400_000),
}

/** Read once, at the start; docs/configuration.md lists it. */
export function readAuditConfig(env: NodeJS.ProcessEnv = process.env) {
  return readConfig(shape, env)
}
