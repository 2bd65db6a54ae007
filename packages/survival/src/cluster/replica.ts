import { serviceNames } from '@holdfast/launcher'

export type Service = (typeof serviceNames)[number]

/** One process of a service: "order-1". */
export type ReplicaName = `${Service}-${1 | 2}`

/** Two of each. */
export const replicaNames: readonly ReplicaName[] = serviceNames.flatMap((service) => [`${service}-1`, `${service}-2`] as const)

export function serviceOf(replica: ReplicaName): Service {
  return replica.slice(0, -2) as Service
}

export function replicasOf(service: Service): [ReplicaName, ReplicaName] {
  return [`${service}-1`, `${service}-2`]
}

/** A value for each. */
export async function forEachReplica<Value>(make: (replica: ReplicaName) => Promise<Value>): Promise<Record<ReplicaName, Value>> {
  const entries = await Promise.all(replicaNames.map(async (replica) => [replica, await make(replica)] as const))
  return Object.fromEntries(entries) as Record<ReplicaName, Value>
}
