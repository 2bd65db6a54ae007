import type { DemoServiceService } from '@holdfast/contracts/demo'
import type { Handlers } from '@holdfast/service'

import type { Parts } from './parts'
import { createSale } from './create-sale'
import { watchSale } from './watch-sale'

/** What this service does when asked. Who may call is in the proto. */
export function demoRpc(parts: Parts): Handlers<typeof DemoServiceService> {
  const { sales } = parts
  return {
    createSale: async (request, ctx) => createSale(parts, request, ctx),
    listSales: async (_request, { requestId }) => Promise.resolve({ sales: sales.newest(), requestId }),
    getSale: async ({ id }, { requestId }) => Promise.resolve({ sale: sales.get(id).toMessage(), requestId }),
    stopSale: async ({ id }, { requestId }) => {
      const sale = sales.get(id)
      await sale.stop('An admin has stopped it')
      return { sale: sale.toMessage(), requestId }
    },
    watchSale: async ({ id }, { signal }) => Promise.resolve(watchSale(sales.get(id), signal)),
  }
}
