/** The empty relay's first process: JSON over HTTP in, one CreateReservation over gRPC for each request. */
import { credentials, Metadata } from '@grpc/grpc-js'
import { CreateReservationRequest, CreateReservationResponse, ReservationServiceClient } from '@holdfast/contracts/reservation'

import { type Reply, runProgram, serveJson, setting } from './program'

runProgram(async () => {
  const reservations = new ReservationServiceClient(setting('RESERVATION_ADDR'), credentials.createInsecure())
  return serveJson(async (body) => {
    const request = CreateReservationRequest.fromJSON(body)
    return new Promise<Reply>((resolve, reject) => {
      reservations.createReservation(request, new Metadata(), (error, response) => {
        if (error) reject(error)
        else resolve({ status: 201, body: CreateReservationResponse.toJSON(response) })
      })
    })
  })
})
