/** inventory.Hold over gRPC, and a transaction with `SELECT ... FOR UPDATE` for each hold. */
import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js'
import {
  Hold,
  Hold_State,
  type HoldItem,
  type HoldRequest,
  HoldResponse,
  HoldResult,
  InventoryServiceService,
} from '@holdfast/contracts/inventory'
import { Pool } from 'pg'

import { serveGrpc } from './grpc'
import { runProgram, setting } from './program'
import { poolSize, reserveForUpdate } from './reserve-for-update'

runProgram(async () => {
  const pool = new Pool({ connectionString: setting('DATABASE_URL'), max: poolSize })
  return serveGrpc(InventoryServiceService, {
    hold: (call: ServerUnaryCall<HoldRequest, HoldResponse>, answer: sendUnaryData<HoldResponse>) => {
      Promise.all(call.request.items.map(async (item) => hold(pool, item))).then(
        (results) => answer(null, HoldResponse.fromPartial({ results })),
        (error: unknown) => answer({ code: status.INTERNAL, details: String(error) }),
      )
    },
  })
})

async function hold(pool: Pool, { lines: [line], ttlSeconds }: HoldItem): Promise<HoldResult> {
  const { sku = '', quantity = 0 } = line ?? {}
  const id = await reserveForUpdate(pool, { sku, quantity, ttlSeconds })
  return HoldResult.fromPartial(
    id === undefined
      ? { error: { code: 'INSUFFICIENT_STOCK', message: `Not enough stock of ${sku}` } }
      : { hold: Hold.fromPartial({ id, state: Hold_State.HELD, version: 1, lines: [{ sku, warehouse: 'MAIN', quantity }] }) },
  )
}
