import { Certificates, type Logger } from '@holdfast/service'

import type { GatewayConfig } from '../config'
import type { HttpServerOptions } from './server'

/** Where the listener is, and what it takes, by configuration. @throws ConfigError for a certificate that is not good */
export function listenerOptions(
  config: GatewayConfig,
  log: Logger,
): Pick<HttpServerOptions, 'host' | 'port' | 'certificates' | 'connections'> {
  const { HTTP_CONNECTIONS_MAX: most, HTTP_CONNECTIONS_PER_ADDRESS: mostOfOne } = config
  return {
    host: config.HOLDFAST_HOST,
    port: config.HOLDFAST_PORT,
    certificates: certificatesOf(config, log),
    connections: { most, mostOfOne },
  }
}

/** @returns undefined: plain HTTP */
function certificatesOf(config: GatewayConfig, log: Logger): Certificates | undefined {
  const { HOLDFAST_TLS_CERT: cert, HOLDFAST_TLS_KEY: key } = config
  if (cert === undefined || key === undefined) return undefined
  const files = { cert: config.HOLDFAST_TLS_CERT_FILE, key: config.HOLDFAST_TLS_KEY_FILE }
  return new Certificates({ prefix: 'HOLDFAST_TLS', texts: { cert, key }, files, log })
}
