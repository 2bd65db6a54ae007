import { join } from 'node:path'

import type { Credential } from './credentials'
import { type Keys, publicKeyOf } from './keys'
import { allServiceNames, type DatabaseName, demoName, forEachService, type ServiceName } from './services'
import { workspaceRoot } from './workspace'

export interface ServiceEnvOptions {
  /** What everything is laid over; as a rule this process's own environment. */
  inherited: NodeJS.ProcessEnv
  /** The gateway's listener. */
  host: string
  port: number
  /** The gateway, as it is reached from this machine. */
  url: string
  grpcPorts: Record<ServiceName, number>
  /** Those of further processes of a service. */
  otherPorts: Record<ServiceName, number[]>
  databaseUrl: (name: DatabaseName) => string
  keys: Keys
  admin: Credential
  /** Whether the notification service is there. */
  notifications: boolean
  /** Where the flash-sale room listens, if there is one. */
  demoPort?: number
  /** For all services, then for one; these win over everything. */
  extra: Record<string, string>
  extraFor: Partial<Record<ServiceName, Record<string, string>>>
}

/** The environment of each service: the whole wiring of an embedded system. */
export function serviceEnvironments(options: ServiceEnvOptions): Record<ServiceName | typeof demoName, Record<string, string>> {
  const { grpcPorts, otherPorts, keys, databaseUrl, demoPort } = options
  const { demoPrivateKey } = keys
  const address = (name: ServiceName) => {
    const addresses = [grpcPorts[name], ...otherPorts[name]].map((port) => `127.0.0.1:${port}`)
    return addresses.length === 1 ? `127.0.0.1:${grpcPorts[name]}` : `ipv4:${addresses.join(',')}`
  }
  const shared = {
    ...limits,
    // What Node has compiled of the services is kept for the next start; where it can't be written, Node does without.
    NODE_COMPILE_CACHE: join(workspaceRoot(), 'node_modules', '.cache', 'compiled'),
    ...inheritable(options.inherited),
    EVENTS_DATABASE_URL: databaseUrl('events'),
    GRPC_HOST: '127.0.0.1',
    INVENTORY_ADDR: address('inventory'),
    RESERVATION_ADDR: address('reservation'),
    ORDER_ADDR: address('order'),
    AUDIT_ADDR: address('audit'),
    GATEWAY_ADDR: address('gateway'),
    NOTIFICATION_ADDR: options.notifications ? address('notification') : '',
    DEMO_ADDR: demoPort === undefined ? '' : `127.0.0.1:${demoPort}`,
    JWKS_URL: `${options.url}/.well-known/jwks.json`,
    SERVICE_PUBLIC_KEYS: JSON.stringify({
      ...keys.servicePublicKeys,
      ...(demoPrivateKey !== undefined && { [demoName]: publicKeyOf(demoPrivateKey) }),
    }),
  }
  const environments = forEachService((name) => ({
    ...shared,
    ...metricsPort(name, options.inherited),
    DATABASE_URL: databaseUrl(name),
    GRPC_PORT: String(grpcPorts[name]),
    SERVICE_PRIVATE_KEY: keys.servicePrivateKeys[name],
    ...(name === 'gateway' ? gatewayOnly(options) : {}),
    ...(name === 'order' ? orderOnly(options) : {}),
    ...options.extra,
    ...options.extraFor[name],
  }))
  const demo = { GATEWAY_URL: options.url, GRPC_PORT: String(demoPort ?? 0), SERVICE_PRIVATE_KEY: demoPrivateKey ?? '' }
  return { ...environments, [demoName]: { ...shared, ...demo, ...options.extra } }
}

/** Everyone comes from 127.0.0.1 here: one limit for all of them would only be in the way. */
const limits = { STREAMS_PER_IP_MAX: '0', RATE_LIMIT_PER_IP: '0', RATE_LIMIT_LOGIN_PER_IP: '0', RATE_LIMIT_REGISTER_PER_IP: '0' }

/** What a test or a benchmark asks for in a minute is not what a client does: those that are about limits set them. */
export const noLimits = {
  RATE_LIMIT_PER_IP: '0',
  RATE_LIMIT_RESERVE_PER_USER: '0',
  RATE_LIMIT_LOGIN_PER_IP: '0',
  RATE_LIMIT_LOGIN_PER_NAME: '0',
  RATE_LIMIT_REGISTER_PER_IP: '0',
  RATE_LIMIT_REGISTER_PER_NAME: '0',
}

/** Ours is the first of some in a row. What is no port is for the services to refuse. */
function metricsPort(name: ServiceName, { METRICS_PORT: first }: NodeJS.ProcessEnv): Record<string, string> {
  if (first === undefined || first === '') return {}
  return { METRICS_PORT: Number(first) > 0 ? String(Number(first) + allServiceNames.indexOf(name)) : first }
}

/**
 * Where the gateway is reached from this machine.
 * @param env of the gateway: whether its listener speaks HTTPS
 */
export function gatewayUrl(host: string, port: number, env: NodeJS.ProcessEnv): string {
  const scheme = env.HOLDFAST_TLS_CERT || env.HOLDFAST_TLS_CERT_FILE ? 'https' : 'http'
  const everywhere = host === '0.0.0.0' || host === '::'
  const name = everywhere ? '127.0.0.1' : host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** The secrets of one service are no other's business. */
function gatewayOnly({ host, port, keys, admin }: ServiceEnvOptions): Record<string, string> {
  return {
    HOLDFAST_HOST: host,
    HOLDFAST_PORT: String(port),
    JWT_PRIVATE_KEY: keys.userTokenKey,
    HOLDFAST_ADMIN_EMAIL: admin.email,
    HOLDFAST_ADMIN_PASSWORD: admin.password,
  }
}

/** The simulated payment provider calls back by the way that one outside would take. What is set goes over it. */
function orderOnly({ url, keys, inherited }: ServiceEnvOptions): Record<string, string> {
  const given = Object.entries(inherited).filter(
    (entry): entry is [string, string] => !!entry[1] && paymentSecrets.test(entry[0]),
  )
  return {
    SIMULATED_CALLBACK_URL: inherited['SIMULATED_CALLBACK_URL'] || `${url}/v1/payments/callbacks/simulated`,
    ...(given.length === 0 ? { PAYMENT_CALLBACK_SECRETS: keys.paymentCallbackSecret } : Object.fromEntries(given)),
  }
}

const paymentSecrets = /^PAYMENT_CALLBACK_SECRETS(_FILE)?$/

/** Without what is about one process only, and would be the same in all. */
function inheritable(env: NodeJS.ProcessEnv): Record<string, string> {
  const perProcess = /^(npm_|HOLDFAST_ADMIN_|PAYMENT_CALLBACK_SECRETS|METRICS_PORT$|NODE_CHANNEL_|NODE_UNIQUE_ID$)/
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !perProcess.test(entry[0]),
  )
  return Object.fromEntries(entries)
}
