import { setTimeout as sleep } from 'node:timers/promises'

import type { WatchSaleResponse } from '@holdfast/contracts/demo'

import type { Sale } from './sale'

/** Between two looks, in ms. */
const pauseMs = 125

/** How the sale stands, again and again, until it is over or nobody reads any more. While it is read the sale goes on. */
export async function* watchSale(sale: Sale, signal: AbortSignal): AsyncGenerator<WatchSaleResponse> {
  const leave = sale.enter()
  try {
    while (!signal.aborted) {
      const isLast = sale.isOver
      yield { sale: sale.toMessage() }
      if (isLast) return
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    leave()
  }
}
