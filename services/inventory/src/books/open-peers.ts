import { OrderServiceService } from '@holdfast/contracts/order'
import { ReservationServiceService } from '@holdfast/contracts/reservation'
import { createPeer, type PeerTls, type ServiceTokens } from '@holdfast/service'

import type { Peers } from './entries'

/** The other services whose rows are compared. @returns undefined without both of their addresses */
export function openPeers(
  { RESERVATION_ADDR, ORDER_ADDR }: { RESERVATION_ADDR?: string | undefined; ORDER_ADDR?: string | undefined },
  services: ServiceTokens,
  tls: PeerTls,
): (Peers & { close(): void }) | undefined {
  if (RESERVATION_ADDR === undefined || ORDER_ADDR === undefined) return undefined
  const reservation = createPeer(ReservationServiceService, { address: RESERVATION_ADDR, peer: 'reservation', services, tls })
  const order = createPeer(OrderServiceService, { address: ORDER_ADDR, peer: 'order', services, tls })
  return {
    reservation,
    order,
    close: () => {
      reservation.close()
      order.close()
    },
  }
}
