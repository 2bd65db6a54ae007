/** The limits on what comes in at the edge (docs/decisions/021-rate-limits.md). */
import { createHash } from 'node:crypto'

import type { RpcDescriptor } from '@holdfast/contracts'
import { LoginRequest, RegisterRequest } from '@holdfast/contracts/auth'
import { RateLimit_Kind } from '@holdfast/contracts/common'
import { checkTaken, type RateLimit, type RateLimits, reserveLimitName, reserveLimitWhat, windowSeconds } from '@holdfast/service'

import type { GatewayConfig } from '../config'
import { normaliseEmail } from '../email'
import type { Exchange } from '../http/exchange'
import { type ClientAddress, createClientAddress } from './client-address'

export interface EdgeLimits {
  /** Whom a request is from, in the form that limits are counted by. */
  clientOf: ClientAddress
  /** Counts a request to the API by its client's address; undefined: nothing is counted. @throws RATE_LIMITED */
  admitRequest: ((exchange: Exchange) => Promise<void>) | undefined
  /**
   * Counts a call towards the limit that its RPC has, if it has one.
   * @param userId of a verified token; empty: there is none
   * @param message the request as it goes to the service
   * @throws RATE_LIMITED
   */
  admitCall(exchange: Exchange, rpc: RpcDescriptor, userId: string, message: Uint8Array): Promise<void> | undefined
}

type Count = (exchange: Exchange, userId: string, message: Uint8Array) => Promise<void>

export function createEdgeLimits(config: GatewayConfig, limits: RateLimits): EdgeLimits {
  const clientOf = createClientAddress(config.TRUSTED_PROXIES)
  const everything = limits.limit('ip', config.RATE_LIMIT_PER_IP)
  const counts: Partial<Record<RateLimit_Kind, Count[]>> = {
    [RateLimit_Kind.RESERVE]: when(limits.limit(reserveLimitName, config.RATE_LIMIT_RESERVE_PER_USER), (limit) => {
      return async ({ response }, userId) => take(limit, userId, response, reserveLimitWhat)
    }),
    [RateLimit_Kind.LOGIN]: [
      ...byAddress(limits.limit('login_ip', config.RATE_LIMIT_LOGIN_PER_IP), 'tries to log in from one address'),
      ...byName(limits.limit('login_name', config.RATE_LIMIT_LOGIN_PER_NAME), LoginRequest, 'tries to log in as one user'),
    ],
    [RateLimit_Kind.REGISTER]: [
      ...byAddress(limits.limit('register_ip', config.RATE_LIMIT_REGISTER_PER_IP), 'tries to register from one address'),
      ...byName(
        limits.limit('register_name', config.RATE_LIMIT_REGISTER_PER_NAME),
        RegisterRequest,
        'tries to register one user',
      ),
    ],
  }
  return {
    clientOf,
    admitRequest:
      everything &&
      (async (exchange) => take(everything, clientOf(exchange.request), exchange.response, 'requests of one address')),
    admitCall: (exchange, rpc, userId, message) => {
      const counted = rpc.rateLimit === undefined ? undefined : counts[rpc.rateLimit]
      return counted === undefined || counted.length === 0 ? undefined : inTurn(counted, exchange, userId, message)
    },
  }

  function byAddress(limit: RateLimit | undefined, what: string): Count[] {
    return when(
      limit,
      (on) =>
        async ({ request, response }) =>
          take(on, clientOf(request), response, what),
    )
  }

  /**
   * By name and address together: whoever tries a stranger's name from elsewhere must not keep its owner out.
   * The name stands there as its hash, since Redis has no business knowing it.
   */
  function byName(limit: RateLimit | undefined, type: { decode(bytes: Uint8Array): { email: string } }, what: string): Count[] {
    return when(limit, (on) => async ({ request, response }, _userId, message) => {
      const name = nameOf(type.decode(message).email)
      if (name !== undefined) await take(on, `${name}:${clientOf(request)}`, response, what)
    })
  }
}

async function inTurn(counts: Count[], exchange: Exchange, userId: string, message: Uint8Array): Promise<void> {
  for (const count of counts) await count(exchange, userId, message)
}

function when(limit: RateLimit | undefined, make: (limit: RateLimit) => Count): Count[] {
  return limit === undefined ? [] : [make(limit)]
}

/** However it is written, it is one name. @returns undefined for what is none: the call is refused without a password tried */
function nameOf(email: string): string | undefined {
  try {
    return createHash('sha256').update(normaliseEmail(email)).digest('base64url')
  } catch {
    return undefined
  }
}

/** The headers are those of draft-ietf-httpapi-ratelimit-headers-10: a policy for each limit, and what is left of it. */
async function take(limit: RateLimit, key: string, response: Exchange['response'], what: string): Promise<void> {
  const taken = await limit.take(key)
  if (!response.headersSent) {
    response.appendHeader('ratelimit-policy', `"${limit.name}";q=${limit.perMinute};w=${windowSeconds}`)
    response.appendHeader('ratelimit', `"${limit.name}";r=${taken.remaining};t=${Math.ceil(taken.resetMs / 1000)}`)
  }
  checkTaken(taken, limit, what)
}
