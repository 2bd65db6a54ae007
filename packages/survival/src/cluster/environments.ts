import { join } from 'node:path'

import {
  type Credentials,
  type Databases,
  forEachService,
  type Keys,
  noLimits,
  serviceEnvironments,
  workspaceRoot,
} from '@holdfast/launcher'

import type { LinkPorts, Links } from './links'
import { type ReplicaName, serviceOf } from './replica'

export interface Wiring {
  ports: LinkPorts
  links: Links
  databases: Databases
  keys: Keys
  credentials: Credentials
  /** Over the usual environment of each service. */
  env: Record<string, string>
}

/** The environment of each replica: that of its service, with a link in the place of each address. */
export function replicaEnvironments(wiring: Wiring): (replica: ReplicaName) => Record<string, string> {
  const { ports, links, databases } = wiring
  const ofService = serviceEnvironments({
    inherited: ownSurroundings(process.env),
    host: '127.0.0.1',
    port: ports.http[0],
    url: links.anyGateway,
    grpcPorts: forEachService(() => 0),
    otherPorts: forEachService(() => []),
    databaseUrl: (name) => databases.url(name),
    keys: wiring.keys,
    admin: wiring.credentials.admin,
    notifications: false,
    extra: { ...noLimits, ...wiring.env },
    extraFor: {},
  })
  return (replica) => {
    const service = serviceOf(replica)
    const toPostgres = links.toPostgres[replica].port
    return {
      ...ofService[service],
      DATABASE_URL: withPort(databases.url(service), toPostgres),
      EVENTS_DATABASE_URL: withPort(databases.url('events'), toPostgres),
      INVENTORY_ADDR: links.addressOf(replica, 'inventory'),
      RESERVATION_ADDR: links.addressOf(replica, 'reservation'),
      ORDER_ADDR: links.addressOf(replica, 'order'),
      AUDIT_ADDR: links.addressOf(replica, 'audit'),
      GATEWAY_ADDR: links.addressOf(replica, 'gateway'),
      GRPC_PORT: String(ports.grpc[replica]),
      ...(service === 'gateway' && { HOLDFAST_PORT: String(ports.http[replica === 'gateway-1' ? 0 : 1]) }),
      NODE_OPTIONS: `--require=${JSON.stringify(join(workspaceRoot(), 'packages/survival/dist/src/cluster/clock-hook.js'))}`,
    }
  }
}

/** Without servers that somebody else runs, and a port that only one process can have. */
function ownSurroundings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(KAFKA_|REDIS_URL|METRICS_PORT)/.test(name)))
}

function withPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl)
  url.port = String(port)
  return url.href
}
