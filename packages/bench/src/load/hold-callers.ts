import { randomUUID } from 'node:crypto'

import { credentials, Metadata } from '@grpc/grpc-js'
import { HoldItem, type HoldRequest, type HoldResult, InventoryServiceClient } from '@holdfast/contracts/inventory'
import { Combiner, createServiceTokens, metadataNames, type ServiceTokens } from '@holdfast/service'

import { type Callers, type Outcome, longTtlSeconds } from './caller'
import { grpcOutcome, inTime } from './grpc-outcome'
import type { LoadTask, Target } from './task'

/** As many as one call may carry. */
const mostItems = 1_000
/** While one is decided, the next is written and the one before read. */
const callsAtOnce = 2

/** Holds for inventory, each in a call of its own, or all that wait in one call, as the reservation service sends them. */
export async function openHoldCallers(target: Extract<Target, { kind: 'holds' }>, { batched }: LoadTask): Promise<Callers> {
  const client = new InventoryServiceClient(target.address, credentials.createInsecure())
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(inTime().deadline, (error) => (error ? reject(error) : resolve()))
  })
  const tokens = target.serviceKey === undefined ? undefined : createServiceTokens('reservation', target.serviceKey, {})
  const call = async (items: HoldItem[]): Promise<Outcome[]> => hold(client, tokens, { items })
  const combiner = new Combiner<HoldItem, Outcome>({
    name: 'holds of the load generator',
    run: async (items) => (await call(items)).map((value) => ({ value })),
    maxItems: mostItems,
    maxQueue: mostItems,
    concurrency: callsAtOnce,
  })
  const send = async (item: HoldItem): Promise<Outcome> => {
    const outcome = batched === true ? combiner.submit(item, Number.MAX_SAFE_INTEGER) : call([item]).then(([only]) => only)
    return (await outcome) ?? { error: 'no answer' }
  }
  return {
    forPhase: ({ skus, connections, ttlSeconds = longTtlSeconds }) => {
      let made = 0
      const next = (): HoldItem => itemFor(skus[made++ % skus.length] ?? '', ttlSeconds)
      return Array.from({ length: connections }, () => ({ send: (done) => void send(next()).then(done) }))
    },
    close: () => client.close(),
  }
}

const owner = randomUUID()
const fingerprint = 'f'.repeat(64)

function itemFor(sku: string, ttlSeconds: number): HoldItem {
  return HoldItem.fromPartial({ id: randomUUID(), owner, fingerprint, ttlSeconds, lines: [{ sku, quantity: 1 }] })
}

async function hold(client: InventoryServiceClient, tokens: ServiceTokens | undefined, request: HoldRequest): Promise<Outcome[]> {
  const metadata = new Metadata()
  if (tokens !== undefined) metadata.set(metadataNames.serviceToken, tokens.issueFor('inventory'))
  return new Promise((resolve) => {
    client.hold(request, metadata, inTime(), (error, response) =>
      resolve(error === null ? response.results.map(outcomeOf) : request.items.map(() => grpcOutcome(error))),
    )
  })
}

function outcomeOf({ error }: HoldResult): Outcome {
  if (error === undefined) return { status: 201, body: '' }
  return { status: error.code === 'INSUFFICIENT_STOCK' ? 409 : 500, body: `"${error.code}" ${error.message}` }
}
