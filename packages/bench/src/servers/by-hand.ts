/**
 * What one would write instead of the gateway for two routes: the token is verified (and remembered until it ends, as the gateway
 * does), the JSON parsed, one gRPC call made with token and key passed on, and its answer written as JSON.
 */
import { createPublicKey } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js'
import { OrderServiceService, PlaceOrderRequest, PlaceOrderResponse } from '@holdfast/contracts/order'
import { CreateReservationRequest, CreateReservationResponse, ReservationServiceService } from '@holdfast/contracts/reservation'
import { createUserTokens } from '@holdfast/service'

import { type Reply, runProgram, serveJson, setting } from './program'

runProgram(async () => {
  const client = new Client(setting('SERVICES_ADDR'), credentials.createInsecure())
  const key = createPublicKey(setting('JWT_PUBLIC_KEY'))
  const users = createUserTokens({ find: async () => Promise.resolve(key) })
  const call = async <Request, Response>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    request: Request,
    { authorization = '', 'idempotency-key': idempotencyKey }: IncomingHttpHeaders,
  ): Promise<Response | undefined> => {
    const metadata = new Metadata()
    metadata.set('authorization', authorization)
    if (idempotencyKey !== undefined) metadata.set('idempotency-key', String(idempotencyKey))
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, response?: Response): void => (error ? reject(error) : resolve(response))
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, done)
    })
  }
  return serveJson(async (body, { url, headers }): Promise<Reply> => {
    const user = await users.verify(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '')
    if (user.role !== 'USER') return { status: 403, body: { detail: 'for users' } }
    if (url === '/v1/orders') {
      const response = await call(OrderServiceService.placeOrder, PlaceOrderRequest.fromJSON(body), headers)
      return { status: 201, body: PlaceOrderResponse.toJSON(response ?? PlaceOrderResponse.fromPartial({})) }
    }
    const response = await call(ReservationServiceService.createReservation, CreateReservationRequest.fromJSON(body), headers)
    return { status: 201, body: CreateReservationResponse.toJSON(response ?? CreateReservationResponse.fromPartial({})) }
  })
})
