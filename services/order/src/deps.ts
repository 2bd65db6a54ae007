import type { InventoryServiceService } from '@holdfast/contracts/inventory'
import type { ReservationServiceService } from '@holdfast/contracts/reservation'
import type { Database, Logger, PeerClient } from '@holdfast/service'

import type { PaymentProvider } from './payment/provider'
import type { Payments } from './payments'

/** This service's name, as its tokens and events have it. */
export const serviceName = 'order'

export interface Peers {
  inventory: Pick<PeerClient<typeof InventoryServiceService>, 'protect' | 'returnStock'>
  reservation: Pick<
    PeerClient<typeof ReservationServiceService>,
    'getReservation' | 'createReservation' | 'cancelReservation' | 'commitReservation' | 'splitReservation'
  >
}

/** In ms where nothing else is said. */
export interface PaymentLimits {
  /** How long a driver waits for the provider to authorize. */
  limitMs: number
  /** How long another service, or the provider when it has decided already, may take to answer. */
  callMs: number
  leaseMs: number
  /** How many payments a process takes over at once. */
  recoveriesAtOnce: number
  /** The age at which an attempt that the provider has not decided is voided. */
  giveUpMs: number
  /** How long the hold is protected at first, which is enough for a provider that decides at once. */
  graceMs: number
  /** How long a checkout waits for a callback before it answers that the payment is under way. */
  callbackWaitMs: number
  /** Between two looks at an attempt that waits for its callback. */
  callbackLookMs: number
  /** The age at which an attempt whose provider has still not decided is voided. */
  callbackLimitMs: number
}

/** What lies below the use cases. */
export interface Base {
  database: Database
  peers: Peers
  provider: PaymentProvider
  limits: PaymentLimits
  log: Logger
  /** Events were committed: the relay need not wait for its next look. */
  wakeRelay: () => void
}

/** What every use case gets. */
export interface Deps extends Base {
  payments: Payments
  /** A return task was committed. */
  wakeTasks: () => void
  /** An attempt that nobody drives was called back about. */
  wakeRecovery: () => void
  /** An attempt that has ended was called back about. */
  wakeLatePayments: () => void
}
