import type { ReservationServiceService } from '@holdfast/contracts/reservation'
import type { Handlers } from '@holdfast/service'

import { cancel } from './cancel'
import { askAgain } from './change'
import { changeLines, releaseLines } from './change-lines'
import { commit } from './commit'
import { create } from './create'
import { extend } from './extend'
import { get } from './get'
import { list } from './list'
import { listStates } from './list-states'
import { measureReserve } from './metrics'
import type { Parts } from './parts'
import { repair } from './repair'
import { toReservation } from './reservation'
import { split } from './split'
import { sweep } from './sweep'
import { toEntry } from './waitlist/entry'
import { join } from './waitlist/join'
import { leave } from './waitlist/leave'
import { getEntry, listOwn, listProduct } from './waitlist/list'
import { positionOf } from './waitlist/sql/entries'

/** What this service does. Who may call is in the proto. */
export function reservationRpc(parts: Parts): Handlers<typeof ReservationServiceService> {
  return {
    createReservation: async (request, ctx) => {
      const { row, replayed } = await measureReserve(async () => create(parts, request, ctx))
      return { reservation: toReservation(row), requestId: ctx.requestId, replayed }
    },

    getReservation: async (request, ctx) => {
      const found = await get(parts, request.id, ctx)
      const row = request.settled === true && ctx.caller === 'order' ? await askAgain(parts, found, ctx) : found
      return { reservation: toReservation(row), requestId: ctx.requestId }
    },

    listReservations: async (request, ctx) => list(parts, request, ctx),

    cancelReservation: async (request, ctx) => {
      const { row, replayed } = await cancel(parts, request, ctx)
      return { reservation: toReservation(row), requestId: ctx.requestId, replayed }
    },

    extendReservation: async (request, ctx) => {
      const { row, replayed } = await extend(parts, request, ctx)
      return { reservation: toReservation(row), requestId: ctx.requestId, replayed }
    },

    changeReservation: async (request, ctx) => {
      const { row, replayed } = await changeLines(parts, request, ctx)
      return { reservation: toReservation(row), requestId: ctx.requestId, replayed }
    },

    releaseReservation: async (request, ctx) => {
      const { row, replayed } = await releaseLines(parts, request, ctx)
      return { reservation: toReservation(row), requestId: ctx.requestId, replayed }
    },

    splitReservation: async (request, ctx) => {
      const { row, replayed } = await split(parts, request, ctx)
      return { reservation: toReservation(row), replayed }
    },

    commitReservation: async (request, ctx) => {
      const { row, replayed } = await commit(parts, request, ctx)
      return { reservation: toReservation(row), replayed }
    },

    createWaitlistEntry: async (request, ctx) => {
      const { row, replayed } = await join(parts, request, ctx)
      return { entry: toEntry(row, await positionOf(parts.database.pool, row)), requestId: ctx.requestId, replayed }
    },

    getWaitlistEntry: async ({ id }, ctx) => {
      const { row, position } = await getEntry(parts, id, ctx)
      return { entry: toEntry(row, position), requestId: ctx.requestId }
    },

    listWaitlistEntries: async (request, ctx) => listOwn(parts, request, ctx),

    deleteWaitlistEntry: async ({ id }, ctx) => {
      const { row, replayed } = await leave(parts, id, ctx)
      return { entry: toEntry(row, undefined), requestId: ctx.requestId, replayed }
    },

    listProductWaitlist: async (request) => listProduct(parts, request),

    sweep: async (_request, ctx) => {
      const { expired, orphans } = await sweep(parts, ctx)
      return { expired, orphans, requestId: ctx.requestId }
    },

    listReservationStates: async (request) => listStates(parts, request),

    repairReservation: async (request, ctx) => repair(parts, request, ctx),
  }
}
