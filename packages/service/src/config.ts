import { readFileSync } from 'node:fs'

import { z } from 'zod'

/** A wrong or missing value in the environment; the message names each, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the environment once, checks it whole, and names every value that is wrong.
 * Any variable may be given as `NAME_FILE`, the path of a file that holds it (as secrets are mounted).
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodObject<Shape>> {
  const values = Object.fromEntries(Object.keys(shape).map((name) => [name, readVariable(name, env)]))
  const parsed = z.object(shape).safeParse(values)
  if (parsed.success) return parsed.data
  throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
}

function readVariable(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${name}_FILE: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A TCP port; 0 lets the system choose. */
export const port = (fallback?: number) => withDefault(wholeNumber(0, 65_535), fallback)

/** A whole number within bounds, both inclusive. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string({ error: 'is needed' })
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)

/** A whole number with a default. */
export const wholeNumberOr = (fallback: number, min: number, max: number) => withDefault(wholeNumber(min, max), fallback)

export const text = (fallback?: string) => withDefault(z.string({ error: 'is needed' }), fallback)

/** `postgres://user:password@host:port/database` */
export const databaseUrl = () => z.string({ error: 'is needed' }).regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')

export const httpUrl = () => z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' })

/** A gRPC target, as `dns:///inventory:50051` or `127.0.0.1:50051`. */
export const grpcTarget = () => z.string({ error: 'is needed' }).min(1, 'must be a gRPC target')

/** A PEM text; `\n` written out is taken for a line end, as .env files have it. */
export const pem = () =>
  z
    .string({ error: 'is needed' })
    .transform((value) => value.replaceAll('\\n', '\n'))
    .refine((value) => value.includes('-----BEGIN '), 'must be a PEM text')

/** The texts of one setting: one after the other, or in a JSON array. */
export function splitPems(text: string): string[] {
  const lines = text.replaceAll('\\n', '\n')
  return lines.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? []
}

/** A JSON object from names to PEM texts. */
export const pemByName = () =>
  z.string({ error: 'is needed' }).transform((value, context) => {
    try {
      return z.record(z.string(), z.string().includes('-----BEGIN ')).parse(JSON.parse(value))
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON object from service names to PEM texts' })
      return z.NEVER
    }
  })

/** A certificate and its key; their files are known too, since they may be renewed. */
export function tlsShape<Prefix extends string>(prefix: Prefix) {
  const shape = {
    [`${prefix}_CERT`]: pem().optional(),
    [`${prefix}_KEY`]: pem().optional(),
    [`${prefix}_CERT_FILE`]: text().optional(),
    [`${prefix}_KEY_FILE`]: text().optional(),
  }
  return shape as Record<
    `${Prefix}_CERT` | `${Prefix}_KEY` | `${Prefix}_CERT_FILE` | `${Prefix}_KEY_FILE`,
    z.ZodOptional<z.ZodString>
  >
}

/** An OIDC provider whose users are users here too; the first three, or none. Read by `openExternalIssuer`. */
export const externalIssuerShape = {
  /** What its tokens say in `iss`, to the letter. */
  OIDC_ISSUER: text().optional(),
  /** Where its public keys are. */
  OIDC_JWKS_URL: httpUrl().optional(),
  /** What its tokens say in `aud` when they are meant for this system. */
  OIDC_AUDIENCE: text().optional(),
  /** The claim that says who is an admin: its name, or a JSON pointer; both this and the value, or nobody is. */
  OIDC_ROLE_CLAIM: text().optional(),
  OIDC_ADMIN_VALUE: text().optional(),
  /** The claim that names a user, for good. */
  OIDC_USER_CLAIM: text('sub'),
  OIDC_EMAIL_CLAIM: text('email'),
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/**
 * OpenTelemetry's own names. Those that decide something here are checked like any other; the SDK reads the rest (OTEL_BSP_*,
 * OTEL_RESOURCE_ATTRIBUTES, ...) by itself, and tells in the log what it makes nothing of.
 */
export const tracingShape = {
  /** Where spans go, over OTLP. This or the next one: there are traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().optional(),
  /** For spans alone, with its whole path. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl().optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/protobuf', 'http/json', 'grpc'], { error: 'must be http/protobuf, http/json or grpc' })
    .optional(),
  /** `name=value,name=value`: where a collector wants a key. */
  OTEL_EXPORTER_OTLP_HEADERS: text().optional(),
  /** `none`: there are no traces all the same. */
  OTEL_TRACES_EXPORTER: text('otlp'),
  OTEL_TRACES_SAMPLER: z.enum(samplers, { error: `must be one of ${samplers.join(', ')}` }).prefault('parentbased_always_on'),
  /** Which part of the traces `traceidratio` takes. */
  OTEL_TRACES_SAMPLER_ARG: text('1')
    .transform(Number)
    .refine((ratio) => ratio >= 0 && ratio <= 1, 'must be from 0 to 1'),
  /** `true`: there are no traces whatever else is set. */
  OTEL_SDK_DISABLED: text('false').transform((value) => value.toLowerCase() === 'true'),
}

/** What every service process needs. The full table with defaults and units is docs/configuration.md. */
export const serviceShape = {
  LOG_LEVEL: withDefault(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info'),
  GRPC_HOST: text('127.0.0.1'),
  GRPC_PORT: port(),
  /** No gRPC connection takes calls for longer, in ms; what is under way ends in its own time. */
  GRPC_CONNECTION_AGE_MAX_MS: wholeNumberOr(300_000, 1_000, 3_600_000),
  /** Told to stop by SIGTERM, it says that it is not ready, and takes what still comes for so long, in ms; then it stops. */
  STOP_DELAY_MS: wholeNumberOr(0, 0, 60_000),
  METRICS_HOST: text('127.0.0.1'),
  /** Unset: no listener. */
  METRICS_PORT: port().optional(),
  DATABASE_URL: databaseUrl(),
  /** ES256 private key of this service, for its tokens to others. */
  SERVICE_PRIVATE_KEY: pem(),
  /** The public keys of all services, by name; of one whose key is about to change, or just did, both in one text. */
  SERVICE_PUBLIC_KEYS: pemByName(),
  ...tlsShape('PEER_TLS'),
  /** The authorities of this system; with certificate and key: mutual TLS between services. */
  PEER_TLS_CA: pem().optional(),
  PEER_TLS_CA_FILE: text().optional(),
  /** Whether what services say to each other may leave this machine without TLS. */
  PEER_PLAINTEXT: z.enum(['loopback', 'allow'], { error: 'must be loopback or allow' }).prefault('loopback'),
  ...externalIssuerShape,
  ...tracingShape,
}

/** Services that archive. Ids are remembered at least 24 h after the end (truth 4). */
export const archiveShape = {
  /** What has ended so long ago leaves for the archive, in hours; 0: never. */
  ARCHIVE_AFTER_HOURS: wholeNumberOr(720, 0, 87_600).refine(
    (hours) => hours === 0 || hours >= 24,
    'must be 0 (never) or at least 24: ids are remembered for a day',
  ),
}

/** Where the keys of users' tokens are published; every service but the gateway, which has them, needs it. */
export const userTokenShape = { JWKS_URL: httpUrl() }

function withDefault<Schema extends z.ZodType>(schema: Schema, fallback: z.infer<Schema> | undefined) {
  return fallback === undefined
    ? schema
    : schema
        .prefault(undefined as never)
        .optional()
        .transform((value) => value ?? fallback)
}
