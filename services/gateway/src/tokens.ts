import type { LoginResponse, User } from '@holdfast/contracts/auth'
import { accessTokenSeconds, HoldfastError, signUserToken } from '@holdfast/service'

import type { UserRow } from './sql/users'
import type { UserKeys } from './user-keys'

/** The answer to register, login and refresh. */
export function tokenAnswer(user: UserRow, refreshToken: string, keys: UserKeys, requestId: string): LoginResponse {
  return {
    user: toUser(user),
    accessToken: signUserToken({ id: user.id, role: user.role, generation: user.token_generation }, keys.signing),
    refreshToken,
    tokenType: 'Bearer',
    expiresIn: accessTokenSeconds,
    requestId,
  }
}

export function toUser(row: UserRow): User {
  return { id: row.id, email: row.email, role: row.role, createdAt: row.created_at }
}

/** One sentence for an unknown address and a wrong password: it does not tell which addresses are known. */
export function wrongCredentials(): HoldfastError {
  return new HoldfastError('UNAUTHENTICATED', 'The e-mail address or the password is wrong')
}

/** One sentence for a refresh token that is unknown, used, or past its time. */
export function wrongRefreshToken(): HoldfastError {
  return new HoldfastError('UNAUTHENTICATED', 'The refresh token is not valid, was used, or has ended')
}
