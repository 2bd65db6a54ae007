import { type Metadata } from '@grpc/grpc-js'
import type { RpcDescriptor } from '@holdfast/contracts'
import { Access_Who, type Actor, Actor_Role } from '@holdfast/contracts/common'

import { metadataNames } from './context'
import { HoldfastError } from './errors'
import type { ServiceTokens, UserTokens } from './tokens'

/** Who calls, after the proto's access option of the RPC has let them in. */
export interface Admitted {
  actor: Actor
  userToken: string | undefined
  caller: string | undefined
  /** As in {@link CallContext}. */
  choosesStrategy?: boolean
}

/** What a caller shows: a user's token, and the service that carries the call, proven by its own. */
export interface Credentials {
  userToken: string | undefined
  caller: string | undefined
}

const nobody: Actor = { id: '', role: Actor_Role.ANONYMOUS }

/** {@link admitCaller} for what stands in the metadata of a call. */
export async function admit(
  rpc: RpcDescriptor,
  metadata: Metadata,
  users: UserTokens,
  services: ServiceTokens,
): Promise<Admitted> {
  return admitCaller(rpc, readCredentials(rpc, metadata, services), users)
}

/** @throws UNAUTHENTICATED for a service token that is not good, or an Authorization that is no bearer token */
export function readCredentials(rpc: RpcDescriptor, metadata: Metadata, services: ServiceTokens): Credentials {
  const serviceToken = metadata.get(metadataNames.serviceToken)[0]
  return {
    caller: typeof serviceToken === 'string' ? services.verify(serviceToken) : undefined,
    // A token that has ended must not keep anyone from what is for everyone, as refreshing it.
    userToken: rpc.access.who === Access_Who.PUBLIC ? undefined : bearer(metadata),
  }
}

/**
 * Enforces the access option of an RPC (truth 10). The user's token decides who acts; a service token says which service
 * carries the call, and opens what is for that service.
 */
export async function admitCaller(rpc: RpcDescriptor, credentials: Credentials, users: UserTokens): Promise<Admitted> {
  const { who, callers } = rpc.access
  const { caller } = credentials
  const userToken = who === Access_Who.PUBLIC ? undefined : credentials.userToken
  const trusted = caller !== undefined && callers.includes(caller)
  if (userToken !== undefined) {
    const user = await users.verify(userToken)
    const actor: Actor = { id: user.id, role: user.role === 'ADMIN' ? Actor_Role.ADMIN : Actor_Role.USER }
    const allowed = who === Access_Who.USER || (who === Access_Who.ADMIN && user.role === 'ADMIN') || trusted
    if (!allowed) throw new HoldfastError('PERMISSION_DENIED', `${rpc.method} is not for you`)
    return { actor, userToken, caller, ...(user.choosesStrategy === true && { choosesStrategy: true }) }
  }
  if (trusted) return { actor: { id: caller, role: Actor_Role.SERVICE }, userToken: undefined, caller }
  if (who === Access_Who.PUBLIC) return { actor: nobody, userToken: undefined, caller }
  if (caller !== undefined) throw new HoldfastError('PERMISSION_DENIED', `${rpc.method} is not for ${caller}`)
  throw new HoldfastError('UNAUTHENTICATED', 'A token is needed')
}

/** The token of an Authorization header. */
export function bearerToken(authorization: string): string {
  const match = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization)
  if (match?.[1] === undefined) throw new HoldfastError('UNAUTHENTICATED', 'The header Authorization is not "Bearer <token>"')
  return match[1]
}

function bearer(metadata: Metadata): string | undefined {
  const value = metadata.get(metadataNames.authorization)[0]
  return value === undefined ? undefined : bearerToken(String(value))
}
