/** Who speaks with whom, each pair over a link of its own. */
import { serviceNames } from '@holdfast/launcher'

import { Link } from './link'
import { forEachReplica, type ReplicaName, replicaNames, replicasOf, type Service } from './replica'

export interface LinkPorts {
  grpc: Record<ReplicaName, number>
  /** Of the gateways' HTTP listeners. */
  http: [number, number]
  postgres: number
}

export interface Links {
  /** Every one. */
  all: Link[]
  /** From each replica to PostgreSQL. */
  toPostgres: Record<ReplicaName, Link>
  /** From a replica to both of a service, in the syntax of gRPC targets. */
  addressOf(from: ReplicaName, service: Service): string
  /** From the clients to each gateway: URLs. */
  gatewayUrls: [string, string]
  /** To either gateway, whichever is there, as through a load balancer: a URL. */
  anyGateway: string
  close(): void
}

/** Nobody calls the audit service but the gateway, and it calls nobody: what is not asked costs a listener and nothing else. */
export async function openLinks(ports: LinkPorts): Promise<Links> {
  const toPostgres = await forEachReplica(async (from) => Link.open(`${from} to postgres`, ports.postgres))
  const pairs = await Promise.all(
    replicaNames.flatMap((from) =>
      serviceNames.flatMap((service) =>
        replicasOf(service).map(async (to) => {
          const link = await Link.open(`${from} to ${to}`, ports.grpc[to])
          return { from, service, link }
        }),
      ),
    ),
  )
  const first = await Link.open('clients to gateway-1', ports.http[0])
  const second = await Link.open('clients to gateway-2', ports.http[1])
  const any = await Link.open('services to a gateway', ...ports.http)
  const all = [...Object.values(toPostgres), ...pairs.map(({ link }) => link), first, second, any]
  return {
    all,
    toPostgres,
    addressOf: (from, service) => {
      const mine = pairs.filter((pair) => pair.from === from && pair.service === service)
      return `ipv4:${mine.map(({ link }) => `127.0.0.1:${link.port}`).join(',')}`
    },
    gatewayUrls: [urlOf(first), urlOf(second)],
    anyGateway: urlOf(any),
    close: () => {
      for (const link of all) link.close()
    },
  }
}

function urlOf(link: Link): string {
  return `http://127.0.0.1:${link.port}`
}
