/** The services behind a gateway with no work in them: each call is answered at once, with bytes that were made before. */
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { type CallManyRequest, type CallManyResponse, CombinedCallServiceService } from '@holdfast/contracts/common'
import { Order_PaymentStatus, Order_Status, OrderServiceService, PlaceOrderResponse } from '@holdfast/contracts/order'
import { CreateReservationResponse, ReservationServiceService } from '@holdfast/contracts/reservation'

import { serveGrpc } from './grpc'
import { runProgram } from './program'
import { relayReservation } from './relay-reply'

const { id, userId, lines, createdAt, updatedAt } = relayReservation.reservation ?? {}
const reservation = Buffer.from(CreateReservationResponse.encode(relayReservation).finish())
const order = Buffer.from(
  PlaceOrderResponse.encode(
    PlaceOrderResponse.fromPartial({
      order: {
        id,
        reservationId: id,
        userId,
        status: Order_Status.PENDING,
        paymentStatus: Order_PaymentStatus.UNPAID,
        lines,
        total: { currency: 'USD', amountMinor: 1_000n },
        createdAt,
        updatedAt,
        version: 1,
      },
      requestId: id,
    }),
  ).finish(),
)

const bytes = (value: Buffer): Buffer => value

const answering = (response: Buffer) => (_call: unknown, answer: sendUnaryData<Buffer>) => answer(null, response)

runProgram(async () => {
  const { createReservation } = ReservationServiceService
  const { placeOrder } = OrderServiceService
  const { callMany } = CombinedCallServiceService
  return serveGrpc(
    {
      createReservation: { ...createReservation, requestDeserialize: bytes, responseSerialize: bytes },
      placeOrder: { ...placeOrder, requestDeserialize: bytes, responseSerialize: bytes },
      callMany,
    },
    {
      createReservation: answering(reservation),
      placeOrder: answering(order),
      callMany: ({ request }: ServerUnaryCall<CallManyRequest, CallManyResponse>, answer: sendUnaryData<CallManyResponse>) =>
        answer(null, { results: request.calls.map(() => ({ response: reservation, error: undefined })) }),
    },
  )
})
