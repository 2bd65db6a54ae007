import type { AuthServiceService } from '@holdfast/contracts/auth'
import type { InventoryServiceService } from '@holdfast/contracts/inventory'
import type { Logger, PeerClient } from '@holdfast/service'

import type { Sales } from './sales'

/** This service's name, as its tokens have it. */
export const serviceName = 'demo'

/** What every use case gets. */
export interface Parts {
  gateway: PeerClient<typeof AuthServiceService>
  inventory: PeerClient<typeof InventoryServiceService>
  /** The public API, which the shoppers use as any client does. */
  gatewayUrl: string
  /** How long a sale waits for somebody to watch it again, in ms. */
  patienceMs: number
  sales: Sales
  log: Logger
}
