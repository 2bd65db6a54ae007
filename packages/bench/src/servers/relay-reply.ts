import { CreateReservationResponse, Reservation_Status } from '@holdfast/contracts/reservation'
import { Hold, Hold_State, HoldResponse } from '@holdfast/contracts/inventory'

const id = '00000000-0000-8000-8000-000000000000'
const at = new Date('2026-01-01T00:00:00Z')
const price = { currency: 'USD', amountMinor: 1_000n }

/** Replies of the size that Holdfast's have, made without any work. */
export const relayHold: HoldResponse = HoldResponse.fromPartial({
  results: [
    {
      hold: Hold.fromPartial({
        id,
        state: Hold_State.HELD,
        expiresAt: at,
        createdAt: at,
        version: 1,
        owner: id,
        fingerprint: 'f'.repeat(64),
        lines: [{ sku: 'BENCH-0', warehouse: 'MAIN', quantity: 1, unitPrice: price }],
      }),
    },
  ],
})

export const relayReservation: CreateReservationResponse = CreateReservationResponse.fromPartial({
  reservation: {
    id,
    userId: id,
    status: Reservation_Status.ACTIVE,
    expiresAt: at,
    ttlSeconds: 7_200,
    createdAt: at,
    updatedAt: at,
    lines: [{ sku: 'BENCH-0', warehouse: 'MAIN', quantity: 1, unitPrice: price }],
    version: 1,
  },
  requestId: id,
})
