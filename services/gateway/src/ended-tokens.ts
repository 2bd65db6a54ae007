/** Access tokens that were ended before their time, by logging out everywhere or losing a role (docs/decisions/022-identity.md). */
import {
  accessTokenSeconds,
  type Database,
  HoldfastError,
  type Logger,
  type UserTokens,
  type VerifiedUser,
} from '@holdfast/service'

import { readEndedTokens, type UserRow } from './sql/users'

/** How long a gateway may not know what another has ended, in ms. */
const pollMs = 1_000
/** Clocks of gateways differ: tokens are looked out for a little longer than they live. */
const rememberSeconds = accessTokenSeconds + 60

export interface EndedTokens {
  /** Older tokens of the user are refused from now on; after a commit that ended them. */
  ended(user: Pick<UserRow, 'id' | 'token_generation'>): void
  /** The same check as `users` does, and that the token has not been ended. */
  guard(users: UserTokens): UserTokens
  stop(): void
}

/** What cannot be read is tried again; meanwhile what is known counts. */
export async function watchEndedTokens(database: Database, log: Logger): Promise<EndedTokens> {
  let generations = new Map<string, number>()
  /** What was ended here since the read that is under way began: it may not have seen that. */
  let meanwhile: Pick<UserRow, 'id' | 'token_generation'>[] = []
  let told = false
  const raise = ({ id, token_generation: generation }: Pick<UserRow, 'id' | 'token_generation'>): void => {
    generations.set(id, Math.max(generation, generations.get(id) ?? 0))
  }
  const read = async (): Promise<void> => {
    meanwhile = []
    try {
      const rows = await readEndedTokens(database.pool, rememberSeconds)
      generations = new Map(rows.map(({ id, token_generation: generation }) => [id, generation]))
      meanwhile.forEach(raise)
      told = false
    } catch (error) {
      if (!told) log.warn({ err: error }, 'which tokens were ended can not be read')
      told = true
    }
  }
  await read()
  // One after the other: an older answer never comes after a newer one.
  let underWay: Promise<void> | undefined
  const poll = setInterval(() => {
    underWay ??= read().finally(() => {
      underWay = undefined
    })
  }, pollMs)
  const check = (user: VerifiedUser): VerifiedUser => {
    if (generations.size > 0 && (generations.get(user.id) ?? 0) > (user.generation ?? 0)) {
      throw new HoldfastError('UNAUTHENTICATED', 'The token has been ended; log in again')
    }
    return user
  }
  return {
    ended: (user) => {
      raise(user)
      meanwhile.push(user)
    },
    guard: (users) => ({
      verify: (token) => {
        const user = users.verify(token)
        return user instanceof Promise ? user.then(check) : check(user)
      },
    }),
    stop: () => clearInterval(poll),
  }
}
