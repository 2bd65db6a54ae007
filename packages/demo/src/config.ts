import { grpcTarget, httpUrl, readConfig, serviceShape, userTokenShape, wholeNumberOr } from '@holdfast/service'

/** It keeps nothing. */
const { DATABASE_URL: _, ...withoutDatabase } = serviceShape

const shape = {
  ...withoutDatabase,
  ...userTokenShape,
  /** Where the simulated shoppers find the gateway, as any client does. */
  GATEWAY_URL: httpUrl(),
  /** Where it asks for the tokens of its guests. */
  GATEWAY_ADDR: grpcTarget(),
  /** Where it makes the product of a sale, and has the books checked. */
  INVENTORY_ADDR: grpcTarget(),
  /** How long a sale waits for somebody to watch it again before it is stopped, in ms. */
  DEMO_PATIENCE_MS: wholeNumberOr(30_000, 100, 600_000),
}

export type DemoConfig = ReturnType<typeof readDemoConfig>

/** @throws ConfigError that names each value that is wrong */
export function readDemoConfig(env?: NodeJS.ProcessEnv) {
  return readConfig(shape, env)
}
