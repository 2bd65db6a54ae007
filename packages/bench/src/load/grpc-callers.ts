import { credentials, Metadata } from '@grpc/grpc-js'
import { CreateReservationRequest, ReservationServiceClient } from '@holdfast/contracts/reservation'

import { type Callers, longTtlSeconds } from './caller'
import { grpcOutcome, inTime } from './grpc-outcome'
import type { LoadTask, Target } from './task'

/** CreateReservation with a user's token, over one connection, as another service of a shop would call it. */
export async function openGrpcCallers({ address }: Extract<Target, { kind: 'grpc' }>, task: LoadTask): Promise<Callers> {
  const client = new ReservationServiceClient(address, credentials.createInsecure())
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(inTime().deadline, (error) => (error ? reject(error) : resolve()))
  })
  const metadata = task.tokens.map((token) => {
    const ofUser = new Metadata()
    ofUser.set('authorization', `Bearer ${token}`)
    return ofUser
  })
  const anonymous = new Metadata()
  return {
    forPhase: ({ skus, connections, ttlSeconds = longTtlSeconds }, index) => {
      let made = 0
      const next = (): [CreateReservationRequest, Metadata] => {
        const request = CreateReservationRequest.fromPartial({
          lines: [{ sku: skus[made % skus.length], quantity: 1 }],
          ttlSeconds,
          clientToken: `${task.keyPrefix}-${index}-${made}`,
        })
        return [request, metadata[made++ % metadata.length] ?? anonymous]
      }
      return Array.from({ length: connections }, () => ({
        send: (done) => {
          client.createReservation(...next(), inTime(), (error) =>
            done(error === null ? { status: 201, body: '' } : grpcOutcome(error)),
          )
        },
      }))
    },
    close: () => client.close(),
  }
}
