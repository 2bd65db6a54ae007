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
}

const nobody: Actor = { id: '', role: Actor_Role.ANONYMOUS }

/**
 * Enforces the access option of an RPC (truth 10). The user's token decides who acts; a service token says which service
 * carries the call, and opens what is for that service.
 */
export async function admit(
  rpc: RpcDescriptor,
  metadata: Metadata,
  users: UserTokens,
  services: ServiceTokens,
): Promise<Admitted> {
  const { who, callers } = rpc.access
  const serviceToken = metadata.get(metadataNames.serviceToken)[0]
  const caller = typeof serviceToken === 'string' ? services.verify(serviceToken) : undefined
  const trusted = caller !== undefined && callers.includes(caller)
  const userToken = who === Access_Who.PUBLIC ? undefined : bearer(metadata)
  if (userToken !== undefined) {
    const user = await users.verify(userToken)
    const actor: Actor = { id: user.id, role: user.role === 'ADMIN' ? Actor_Role.ADMIN : Actor_Role.USER }
    const allowed = who === Access_Who.USER || (who === Access_Who.ADMIN && user.role === 'ADMIN') || trusted
    if (!allowed) throw new HoldfastError('PERMISSION_DENIED', `${rpc.method} is not for you`)
    return { actor, userToken, caller }
  }
  if (trusted) return { actor: { id: caller, role: Actor_Role.SERVICE }, userToken: undefined, caller }
  if (who === Access_Who.PUBLIC) return { actor: nobody, userToken: undefined, caller }
  if (caller !== undefined) throw new HoldfastError('PERMISSION_DENIED', `${rpc.method} is not for ${caller}`)
  throw new HoldfastError('UNAUTHENTICATED', 'A token is needed')
}

function bearer(metadata: Metadata): string | undefined {
  const value = metadata.get(metadataNames.authorization)[0]
  if (value === undefined) return undefined
  const match = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(String(value))
  if (match?.[1] === undefined) throw new HoldfastError('UNAUTHENTICATED', 'The header Authorization is not "Bearer <token>"')
  return match[1]
}
