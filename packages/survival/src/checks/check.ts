import type { Api } from '@holdfast/testing'

import type { Cluster } from '../cluster/cluster'
import type { Operation } from '../workload/history'
import type { Shop } from '../workload/shop'

/** What checks look at: what clients were told, and the system, which is at rest. */
export interface Evidence {
  history: readonly Operation[]
  cluster: Cluster
  shop: Shop
  admin: Api
}

export interface Outcome {
  /** What was looked at, in words. */
  looked: string
  /** A sentence each; none: all is well. */
  problems: string[]
}

export interface Check {
  name: string
  run(evidence: Evidence): Promise<Outcome>
}
