import type { WatchAvailabilityRequest, WatchAvailabilityResponse } from '@holdfast/contracts/inventory'
import { invalidField, type StreamContext } from '@holdfast/service'

import { checkViews } from '../availability'
import type { AvailabilityWatch } from './availability-watch'

const mostSkus = 100
const longestToken = 2_000

/** What can be reserved of each SKU, now and whenever it changes. @throws NOT_FOUND that names the unknown SKU or channel */
export async function watchAvailability(
  watch: AvailabilityWatch,
  request: WatchAvailabilityRequest,
  ctx: StreamContext,
): Promise<AsyncIterable<WatchAvailabilityResponse>> {
  const views = checkViews(request, mostSkus)
  if (request.resumeToken.length > longestToken) throw invalidField('resumeToken', 'is too long')
  const watcher = await watch.join(views, request.resumeToken)
  return untilItEnds()

  async function* untilItEnds(): AsyncGenerator<WatchAvailabilityResponse> {
    try {
      yield* watcher.messages(ctx.signal)
    } finally {
      watch.leave(watcher)
    }
  }
}
