import { randomUUID } from 'node:crypto'

import { appendEvents } from '@holdfast/events'
import { ConfigError, HoldfastError, type Logger, systemContext } from '@holdfast/service'

import { normaliseEmail } from './email'
import { userEvent } from './events'
import { checkPassword } from './passwords'
import type { AuthDeps } from './rpc'
import { findUserByEmail, insertUser, makeAdmin } from './sql/users'

/** How long the start may take over it, in ms. */
const timeoutMs = 30_000

/**
 * Sees to it that there is an admin with this address. A user who has it already becomes one and keeps the password.
 * Gateways that start at once do it once: the second meets the first's row.
 * @throws ConfigError for an address or a password that nobody could register with
 */
export async function ensureAdmin(deps: AuthDeps, address: string, password: string, log: Logger): Promise<void> {
  const email = check('HOLDFAST_ADMIN_EMAIL', () => normaliseEmail(address))
  check('HOLDFAST_ADMIN_PASSWORD', () => checkPassword(password))
  const ctx = systemContext('gateway', log, timeoutMs)
  const known = await findUserByEmail(deps.database.pool, email)
  if (known?.role === 'ADMIN') return
  const password_hash = known?.password_hash ?? (await deps.passwords.hash(password, ctx.deadline))
  await deps.database.transaction(async (client) => {
    const made = await insertUser(client, { id: randomUUID(), email, role: 'ADMIN', password_hash })
    const admin = made ?? (await makeAdmin(client, email))
    // For one who becomes an admin too: the audit log has to know of every admin.
    if (admin !== undefined) await appendEvents(client, [userEvent('registered', admin, '', ctx)])
  })
  deps.wakeRelay()
}

function check<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof HoldfastError ? new ConfigError(`${name}: ${error.message}`) : error
  }
}
