import { Server, ServerCredentials } from '@grpc/grpc-js'
import { type CallManyRequest, CombinedCallServiceService } from '@holdfast/contracts/common'
import { GetProductResponse } from '@holdfast/contracts/inventory'

import { type Fixture, startFixture } from './support'

let gateway: Fixture
const inventory = new Server()
const batches: number[] = []

/** Answers three megabytes for each product: two together fit into a message, and three do not. */
beforeAll(async () => {
  const response = GetProductResponse.encode({ product: undefined, requestId: 'x'.repeat(3_000_000) }).finish()
  inventory.addService(CombinedCallServiceService, {
    callMany: (
      { request: { calls } }: { request: CallManyRequest },
      answer: (error: null, response: { results: unknown[] }) => void,
    ) => {
      batches.push(calls.length)
      answer(null, { results: calls.map(() => ({ response, error: undefined })) })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    inventory.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  gateway = await startFixture({ env: { INVENTORY_ADDR: `127.0.0.1:${port}` } })
})
afterAll(async () => {
  await gateway.close()
  inventory.forceShutdown()
})

test('that calls are too large together is no mistake of any of those who asked', async () => {
  // Whether enough of them meet in one batch is the moment's affair.
  while (Math.max(0, ...batches) < 3) {
    const answers = await Promise.all(Array.from({ length: 12 }, async (_, index) => gateway.call(`GET /v1/products/P${index}`)))
    for (const { status, body } of answers) {
      if (status !== 200) expect([status, body?.['code']]).toEqual([503, 'OVERLOADED'])
    }
    if (Math.max(...batches) >= 3) expect(answers.map(({ status }) => status)).toContain(503)
  }
})
