import { readConfig, serviceShape, userTokenShape } from '@holdfast/service'

/** Nothing beyond what every service needs; docs/configuration.md lists it. */
export function readAuditConfig(env: NodeJS.ProcessEnv = process.env) {
  return readConfig({ ...serviceShape, ...userTokenShape }, env)
}
