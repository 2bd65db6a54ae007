/** The empty relay's last process: Hold is answered at once. */
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { type HoldRequest, type HoldResponse, InventoryServiceService } from '@holdfast/contracts/inventory'

import { serveGrpc } from './grpc'
import { runProgram } from './program'
import { relayHold } from './relay-reply'

runProgram(async () =>
  serveGrpc(InventoryServiceService, {
    hold: (_call: ServerUnaryCall<HoldRequest, HoldResponse>, answer: sendUnaryData<HoldResponse>) => answer(null, relayHold),
  }),
)
