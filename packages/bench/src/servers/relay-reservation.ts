/** The empty relay's middle process: CreateReservation asks for one Hold, and is answered when that is. */
import { credentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import { HoldRequest, InventoryServiceClient } from '@holdfast/contracts/inventory'
import {
  type CreateReservationRequest,
  type CreateReservationResponse,
  ReservationServiceService,
} from '@holdfast/contracts/reservation'

import { serveGrpc } from './grpc'
import { runProgram, setting } from './program'
import { relayReservation } from './relay-reply'

type Call = ServerUnaryCall<CreateReservationRequest, CreateReservationResponse>

runProgram(async () => {
  const inventory = new InventoryServiceClient(setting('INVENTORY_ADDR'), credentials.createInsecure())
  return serveGrpc(ReservationServiceService, {
    createReservation: (call: Call, answer: sendUnaryData<CreateReservationResponse>) => {
      const { lines, ttlSeconds } = call.request
      const request = HoldRequest.fromPartial({ items: [{ lines, ttlSeconds: ttlSeconds ?? 300, owner: 'owner' }] })
      inventory.hold(request, (error) => (error ? answer(error) : answer(null, relayReservation)))
    },
  })
})
