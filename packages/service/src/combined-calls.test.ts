import { generateKeyPairSync } from 'node:crypto'

import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { type CallManyRequest, type CallManyResponse, CombinedCallServiceService } from '@holdfast/contracts/common'
import { GetProductRequest, GetProductResponse, InventoryServiceService } from '@holdfast/contracts/inventory'

import { fromGrpcError } from './grpc-errors'
import { type GrpcServer, type Handlers, startGrpcServer } from './grpc-server'
import { createLog } from './log'
import { createServiceTokens, createUserTokens } from './tokens'

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const services = (name: string) => createServiceTokens(name, privateKey, { gateway: publicKey, inventory: publicKey })
let server: GrpcServer

/** Its products have as many letters for an id as their SKU says. */
beforeAll(async () => {
  const refuse = async (): Promise<never> => Promise.reject(new Error('nobody asks for it'))
  const handlers = {
    ...Object.fromEntries(Object.keys(InventoryServiceService).map((name) => [name, refuse])),
    getProduct: async ({ sku }: GetProductRequest) => Promise.resolve({ product: undefined, requestId: 'x'.repeat(Number(sku)) }),
  }
  server = await startGrpcServer({
    name: 'inventory',
    host: '127.0.0.1',
    port: 0,
    definition: InventoryServiceService,
    handlers: handlers as unknown as Handlers<typeof InventoryServiceService>,
    users: createUserTokens({ find: async () => Promise.resolve(undefined) }),
    services: services('inventory'),
    log: createLog('test', 'silent'),
  })
})
afterAll(async () => server.stop())

/** @returns of each the size of its answer, or the code of its error */
async function getProducts(sizes: number[]): Promise<(number | string)[]> {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 8 * 1024 * 1024,
  })
  const metadata = new Metadata()
  metadata.set('x-service-token', services('gateway').issueFor('inventory'))
  const { path, requestSerialize, responseDeserialize } = CombinedCallServiceService.callMany
  const calls = sizes.map((size) => ({
    request: GetProductRequest.encode(GetProductRequest.fromPartial({ sku: String(size) })).finish(),
    userToken: '',
    requestId: '',
    idempotencyKey: '',
    traceparent: '',
    timeoutMs: 30_000,
  }))
  const request: CallManyRequest = { method: InventoryServiceService.getProduct.path, calls }
  try {
    const { results } = await new Promise<CallManyResponse>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) =>
        error ? reject(fromGrpcError(error)) : resolve(response ?? { results: [] }),
      )
    })
    return results.map(({ response, error }) => error?.code ?? GetProductResponse.decode(response).requestId.length)
  } finally {
    client.close()
  }
}

test('answers that are too large for one message fail for want of room, and the others do not', async () => {
  const sizes = [3_000_000, 2_000_000, 4_000_000, 900_000, 5]
  expect(await getProducts(sizes)).toEqual([3_000_000, 2_000_000, 'OVERLOADED', 900_000, 5])
})

test('an answer that has a message to itself may fill it', async () => {
  expect(await getProducts([7_000_000])).toEqual([7_000_000])
})
