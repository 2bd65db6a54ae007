import type { WatchAvailabilityRequest, WatchAvailabilityResponse } from '@holdfast/contracts/inventory'
import { invalidField, type StreamContext } from '@holdfast/service'

import { checkSku } from '../validate'
import type { AvailabilityWatch } from './availability-watch'

const mostSkus = 100
const longestToken = 2_000

/** What can be reserved of each SKU, now and whenever it changes. @throws NOT_FOUND that names the unknown one */
export async function watchAvailability(
  watch: AvailabilityWatch,
  request: WatchAvailabilityRequest,
  ctx: StreamContext,
): Promise<AsyncIterable<WatchAvailabilityResponse>> {
  if (request.skus.length < 1 || request.skus.length > mostSkus) throw invalidField('skus', `must be 1 to ${mostSkus} SKUs`)
  if (request.resumeToken.length > longestToken) throw invalidField('resumeToken', 'is too long')
  const skus = [...new Set(request.skus.map((sku, index) => checkSku(`skus[${index}]`, sku)))]
  const watcher = await watch.join(skus, request.resumeToken)
  return untilItEnds()

  async function* untilItEnds(): AsyncGenerator<WatchAvailabilityResponse> {
    try {
      yield* watcher.messages(ctx.signal)
    } finally {
      watch.leave(watcher)
    }
  }
}
