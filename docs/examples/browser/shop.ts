// A shop's page in a browser: typed calls by gRPC-web, stock as it changes by gRPC-web or by server-sent events.
// docs/clients.md says how to make ./gen and a bundle.
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'

import { ErrorInfoSchema } from './gen/google/rpc/error_details_pb'
import { AuthService } from './gen/holdfast/auth/v1/auth_service_pb'
import { InventoryService } from './gen/holdfast/inventory/v1/inventory_service_pb'
import { ReservationService } from './gen/holdfast/reservation/v1/reservation_service_pb'

export interface Shop {
  /** Tells what can be reserved of a SKU, now and whenever it changes, until the signal is aborted. */
  watch(sku: string, show: (available: number) => void, signal: AbortSignal): Promise<void>
  /** The same by EventSource, which needs no library and comes back by itself. @returns ends it */
  watchEvents(sku: string, show: (available: number) => void): () => void
  register(email: string, password: string): Promise<void>
  /** @returns the reservation's id, or the code of the refusal, as INSUFFICIENT_STOCK */
  reserve(sku: string, quantity: number): Promise<string>
}

/** @param gateway as http://localhost:8080 */
export function openShop(gateway: string): Shop {
  const transport: Transport = createGrpcWebTransport({ baseUrl: gateway })
  const auth = createClient(AuthService, transport)
  const inventory = createClient(InventoryService, transport)
  const reservations = createClient(ReservationService, transport)
  let accessToken = ''

  return {
    watch: async (sku, show, signal) => {
      let resumeToken = ''
      while (!signal.aborted) {
        try {
          for await (const message of inventory.watchAvailability({ skus: [sku], resumeToken }, { signal })) {
            // A message without any field only says that the stream lives.
            if (message.resumeToken !== '') resumeToken = message.resumeToken
            for (const { available } of message.availability) show(available)
          }
        } catch (error) {
          if (ConnectError.from(error).code === Code.NotFound) throw error
        }
        // A stream that has ended goes on where it was: at another gateway, or when this one is back.
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
    },
    watchEvents: (sku, show) => {
      const source = new EventSource(`${gateway}/v1/availability:watch?skus=${encodeURIComponent(sku)}`)
      source.addEventListener('message', ({ data }: MessageEvent<string>) => {
        const { availability } = JSON.parse(data) as { availability: { available: number }[] }
        for (const { available } of availability) show(available)
      })
      return () => source.close()
    },
    register: async (email, password) => {
      accessToken = (await auth.register({ email, password })).accessToken
    },
    reserve: async (sku, quantity) => {
      const headers = { authorization: `Bearer ${accessToken}`, 'idempotency-key': crypto.randomUUID() }
      try {
        const { reservation } = await reservations.createReservation({ lines: [{ sku, quantity }] }, { headers })
        return reservation?.id ?? ''
      } catch (error) {
        const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema)
        if (info === undefined) throw error
        return info.reason
      }
    },
  }
}
