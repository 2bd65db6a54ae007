import { eventsShape } from '@holdfast/events'
import {
  ConfigError,
  grpcTarget,
  pem,
  perMinute,
  port,
  rateLimitShape,
  readConfig,
  serviceShape,
  splitPems,
  text,
  tlsShape,
  wholeNumberOr,
} from '@holdfast/service'

import { z } from 'zod'

import { parseOrigins } from './http/cors'
import { parseRanges } from './limits/client-address'

const shape = {
  ...serviceShape,
  ...eventsShape,
  HOLDFAST_PORT: port(8080),
  HOLDFAST_HOST: text('127.0.0.1'),
  /** Both: the listener speaks HTTPS. */
  ...tlsShape('HOLDFAST_TLS'),
  /** Connections to it at once, fewer than the system lets this process have files open; 0: no limit. */
  HTTP_CONNECTIONS_MAX: wholeNumberOr(10_000, 0, 1_000_000),
  /** Those of one address; 0: no limit. */
  HTTP_CONNECTIONS_PER_ADDRESS: wholeNumberOr(0, 0, 1_000_000),
  ...rateLimitShape,
  /** Requests to the API from one address in a minute, whatever they ask for; the four below as well, each 0: no limit. */
  RATE_LIMIT_PER_IP: perMinute(100),
  RATE_LIMIT_LOGIN_PER_IP: perMinute(20),
  /** From one address with one e-mail address. */
  RATE_LIMIT_LOGIN_PER_NAME: perMinute(10),
  RATE_LIMIT_REGISTER_PER_IP: perMinute(10),
  RATE_LIMIT_REGISTER_PER_NAME: perMinute(5),
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed. */
  TRUSTED_PROXIES: text('').transform((value, context) => {
    try {
      return parseRanges(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  }),
  INVENTORY_ADDR: grpcTarget(),
  RESERVATION_ADDR: grpcTarget(),
  ORDER_ADDR: grpcTarget(),
  AUDIT_ADDR: grpcTarget(),
  /** Unset: there is no notification service, and none of its routes. */
  NOTIFICATION_ADDR: grpcTarget().optional(),
  /** Unset: there is no demo service, none of its routes, and nobody gets the tokens of guests. */
  DEMO_ADDR: grpcTarget().optional(),
  /** ES256 private key that signs users' tokens. */
  JWT_PRIVATE_KEY: pem(),
  /** Public keys of tokens that are still about: PEM texts one after the other, or a JSON array of them. */
  JWT_PREVIOUS_PUBLIC_KEYS: text()
    .transform(splitPems)
    .refine((pems) => pems.length > 0, 'must be PEM texts')
    .optional(),
  /** How long a request may take, in ms; a checkout with a slow payment needs more than 20 s. */
  REQUEST_TIMEOUT_MS: wholeNumberOr(30_000, 100, 600_000),
  /** Of a request; services take messages up to 8 MiB. */
  BODY_LIMIT_BYTES: wholeNumberOr(1_048_576, 1_024, 4_194_304),
  /** Of answers that are kept and given again (products); 0: none are. */
  ANSWER_CACHE_BYTES: wholeNumberOr(16_777_216, 0, 1_073_741_824),
  /** Streams (events, gRPC-web, Connect) at once in this process; one more is OVERLOADED. */
  STREAMS_MAX: wholeNumberOr(5_000, 0, 1_000_000),
  /** Of one address; 0: no such limit. */
  STREAMS_PER_IP_MAX: wholeNumberOr(100, 0, 1_000_000),
  /** One whose client takes nothing for so long is cut off, in ms. */
  STREAM_STALL_MS: wholeNumberOr(30_000, 100, 600_000),
  /** Other sites whose pages may call from a browser: origins with commas between them, or `*`. Unset: none. */
  CORS_ORIGINS: text()
    .transform((list, context) => {
      const origins = parseOrigins(list)
      if (origins !== undefined) return origins
      context.addIssue({ code: 'custom', message: 'must be origins as https://shop.example with commas between them, or *' })
      return z.NEVER
    })
    .optional(),
  /** `off`: the HTTP listener keeps /metrics to itself; METRICS_PORT still has it. */
  HTTP_METRICS: z.enum(['on', 'off'], { error: 'must be on or off' }).prefault('on'),
  /** `off`: the console is not served. */
  CONSOLE: z.enum(['on', 'off'], { error: 'must be on or off' }).prefault('on'),
  /** `off`: nobody registers or logs in here; users come with tokens of OIDC_ISSUER. */
  LOCAL_USERS: z.enum(['on', 'off'], { error: 'must be on or off' }).prefault('on'),
  /** Both or neither: this admin is there after a start. */
  HOLDFAST_ADMIN_EMAIL: text().optional(),
  HOLDFAST_ADMIN_PASSWORD: text().optional(),
}

export type GatewayConfig = ReturnType<typeof readGatewayConfig>

/** @throws ConfigError that names each value that is wrong */
export function readGatewayConfig(env: NodeJS.ProcessEnv = process.env) {
  const config = readConfig(shape, env)
  if ((config.HOLDFAST_ADMIN_EMAIL === undefined) !== (config.HOLDFAST_ADMIN_PASSWORD === undefined)) {
    throw new ConfigError('HOLDFAST_ADMIN_EMAIL and HOLDFAST_ADMIN_PASSWORD: both are needed, or neither')
  }
  if ((config.HOLDFAST_TLS_CERT === undefined) !== (config.HOLDFAST_TLS_KEY === undefined)) {
    throw new ConfigError('HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY: both are needed, or neither')
  }
  if (config.LOCAL_USERS === 'off' && config.OIDC_ISSUER === undefined) {
    throw new ConfigError('LOCAL_USERS: off needs an OIDC_ISSUER, or nobody could come in')
  }
  return config
}
