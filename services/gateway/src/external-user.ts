import type { CallContext, VerifiedUser } from '@holdfast/service'

import type { AuthDeps } from './rpc'

/** What the caller's token says, where it is another issuer's: nothing is kept here of its users. Undefined for users of this system. */
export async function externalUser(
  { users }: Pick<AuthDeps, 'users'>,
  { userToken }: CallContext,
): Promise<(VerifiedUser & { issuer: string }) | undefined> {
  if (userToken === undefined) return undefined
  // It was checked when it came in, and is remembered.
  const user = await users.verify(userToken)
  return user.issuer === undefined ? undefined : { ...user, issuer: user.issuer }
}
