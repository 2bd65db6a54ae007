import { OrderServiceService } from '@holdfast/contracts/order'
import { ReservationServiceService } from '@holdfast/contracts/reservation'
import { createPeer, type PeerOptions } from '@holdfast/service'

import type { Peers } from './entries'

/** The other services whose rows are compared. @returns undefined without both of their addresses */
export function openPeers(
  { RESERVATION_ADDR, ORDER_ADDR }: { RESERVATION_ADDR?: string | undefined; ORDER_ADDR?: string | undefined },
  by: Pick<PeerOptions, 'services' | 'tls' | 'log'>,
): (Peers & { close(): void }) | undefined {
  if (RESERVATION_ADDR === undefined || ORDER_ADDR === undefined) return undefined
  const reservation = createPeer(ReservationServiceService, { address: RESERVATION_ADDR, peer: 'reservation', ...by })
  const order = createPeer(OrderServiceService, { address: ORDER_ADDR, peer: 'order', ...by })
  return {
    reservation,
    order,
    close: () => {
      reservation.close()
      order.close()
    },
  }
}
