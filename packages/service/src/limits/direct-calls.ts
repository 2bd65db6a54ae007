import type { RpcDescriptor } from '@holdfast/contracts'
import { RateLimit_Kind } from '@holdfast/contracts/common'

import type { Admitted } from '../access'
import { checkTaken, type RateLimit } from './rate-limits'

/** Decides on a call when it is known who calls. @throws RATE_LIMITED */
export type CallLimit = (rpc: RpcDescriptor, admitted: Admitted) => Promise<void> | undefined

/** The name under which requests to reserve are counted, wherever they come in. */
export const reserveLimitName = 'reserve'

/** What the limit is on, in words for its refusals. */
export const reserveLimitWhat = 'requests to reserve of one user'

/**
 * The limit on reserving for users who call a service past the gateway. What a peer carries was counted where it came in.
 * @param limit undefined: it is off
 */
export function limitDirectReserves(limit: RateLimit | undefined): CallLimit | undefined {
  if (limit === undefined) return undefined
  return (rpc, { caller, userToken, actor }) => {
    if (rpc.rateLimit !== RateLimit_Kind.RESERVE || caller !== undefined || userToken === undefined) return undefined
    return limit.take(actor.id).then((taken) => checkTaken(taken, limit, reserveLimitWhat))
  }
}
