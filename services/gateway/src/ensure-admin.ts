import { randomUUID } from 'node:crypto'

import { appendEvents } from '@holdfast/events'
import { type CallContext, ConfigError, HoldfastError, type Logger, systemContext } from '@holdfast/service'

import { normaliseEmail } from './email'
import { userEvent } from './events'
import { checkLength, checkPassword } from './passwords'
import type { AuthDeps } from './rpc'
import { findUserByEmail, insertUser, lockAdminsAnd, setRole, type UserRow } from './sql/users'

/** How long the start may take over it, in ms. */
const timeoutMs = 30_000

/**
 * Sees to it that there is an admin with this address. Anybody can register with an address, so a user who has it already becomes
 * the admin only if the password is theirs too, and only while there is no other admin: what admins have decided about roles since,
 * a restart does not undo. Gateways that start at once do it once: the second meets the first's row.
 * @throws ConfigError for an address or a password that nobody could register with, or an address that is somebody else's
 */
export async function ensureAdmin(deps: AuthDeps, address: string, password: string, log: Logger): Promise<void> {
  const email = await check('HOLDFAST_ADMIN_EMAIL', () => normaliseEmail(address))
  await check('HOLDFAST_ADMIN_PASSWORD', () => checkLength(password))
  const ctx = systemContext('gateway', log, timeoutMs)
  const user = (await findUserByEmail(deps.database.pool, email)) ?? (await makeNew(deps, email, password, ctx))
  if (user?.role === 'USER') await promote(deps, user, password, ctx)
  deps.wakeRelay()
}

/** @returns whoever has the address afterwards: somebody else may have been faster */
async function makeNew(deps: AuthDeps, email: string, password: string, ctx: CallContext): Promise<UserRow | undefined> {
  // The first that anybody would try: there is no start with it, rather than an admin whom anybody may be.
  await check('HOLDFAST_ADMIN_PASSWORD', async () => checkPassword(password, email))
  const password_hash = await deps.passwords.hash(password, ctx.deadline)
  return deps.database.transaction(async (client) => {
    const made = await insertUser(client, { id: randomUUID(), email, role: 'ADMIN', password_hash })
    if (made === undefined) return findUserByEmail(client, email)
    await appendEvents(client, [userEvent('registered', made, '', ctx)])
    return made
  })
}

async function promote(deps: AuthDeps, user: UserRow, password: string, ctx: CallContext): Promise<void> {
  const right = await deps.passwords.verify(user.password_hash, password, ctx.deadline)
  await deps.database.transaction(async (client) => {
    const admins = (await lockAdminsAnd(client, user.id)).filter(({ role }) => role === 'ADMIN')
    if (admins.some(({ id }) => id === user.id)) return
    if (admins.length > 0) {
      ctx.log.warn({ userId: user.id }, 'the user with HOLDFAST_ADMIN_EMAIL is no admin and stays none: there are others')
      return
    }
    if (!right) {
      throw new ConfigError(
        'HOLDFAST_ADMIN_PASSWORD: is not the password of the user who has registered with HOLDFAST_ADMIN_EMAIL; name another address',
      )
    }
    const admin = await setRole(client, user.id, 'ADMIN')
    // The audit log has to know of every admin.
    if (admin !== undefined) await appendEvents(client, [userEvent('registered', admin, '', ctx)])
  })
}

async function check<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof HoldfastError ? new ConfigError(`${name}: ${error.message}`) : error
  }
}
