import type { OrderServiceService } from '@holdfast/contracts/order'
import type { Handlers } from '@holdfast/service'

import { cancel } from './cancel'
import { checkOut } from './check-out'
import { confirm } from './confirm'
import type { Deps } from './deps'
import { get } from './get'
import { list } from './list'
import { listStates } from './list-states'
import { place } from './place'
import { receiveCallback } from './receive-callback'
import { transition } from './transition'

/** What this service does. Who may call is in the proto. */
export function orderRpc(deps: Deps): Handlers<typeof OrderServiceService> {
  return {
    checkout: async (request, ctx) => checkOut(deps, request, ctx),
    placeOrder: async (request, ctx) => place(deps, request, ctx),
    confirmOrder: async (request, ctx) => confirm(deps, request, ctx),
    cancelOrder: async (request, ctx) => cancel(deps, request, ctx),
    transitionOrder: async (request, ctx) => transition(deps, request, ctx),
    getOrder: async (request, ctx) => get(deps, request, ctx),
    listOrders: async (request, ctx) => list(deps, request, ctx),
    receivePaymentCallback: async (request, ctx) => receiveCallback(deps, request, ctx),
    listOrderStates: async (request) => listStates(deps, request),
  }
}
