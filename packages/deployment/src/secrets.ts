import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  allServiceNames,
  type DatabaseName,
  databaseNames,
  makePrivateKey,
  makeWebhookSecret,
  publicKeyOf,
  readOrMake,
  type ServiceName,
  writePrivate,
} from '@holdfast/launcher'

/** The folder of what no service sees: PostgreSQL's own password. */
export const superuserFolder = 'postgres'

export interface SecretsOptions {
  /** Gets a folder for each service, with a file for each secret variable, named as the variable is. */
  folder: string
  /** `host:port` where PostgreSQL will be. */
  postgres: string
  adminEmail: string
  /** User and group id that each service's files are given to; needs root. Nobody else can read them in any case. */
  owner?: number
}

/** Makes what is missing of a system's keys and passwords. What is there stays, so that it may be run before every start. */
export async function makeSecrets({ folder, postgres, adminEmail, owner }: SecretsOptions): Promise<void> {
  const superuser = join(folder, superuserFolder)
  await readOrMake(join(superuser, 'POSTGRES_PASSWORD'), makePassword)
  const eventsUrl = await readOrMake(join(superuser, 'EVENTS_DATABASE_URL'), () => databaseUrl('events', postgres))

  for (const name of allServiceNames) {
    const own = async (variable: string, make: () => string) => readOrMake(join(folder, name, variable), make)
    await own('DATABASE_URL', () => databaseUrl(name, postgres))
    await own('SERVICE_PRIVATE_KEY', makePrivateKey)
    if (name === 'order') await own('PAYMENT_CALLBACK_SECRETS', makeWebhookSecret)
    if (name === 'gateway') {
      await own('JWT_PRIVATE_KEY', makePrivateKey)
      await own('HOLDFAST_ADMIN_EMAIL', () => adminEmail)
      await own('HOLDFAST_ADMIN_PASSWORD', makePassword)
    }
  }
  // Written anew each time: a service that came later is known to the others then.
  const publicKeys = JSON.stringify(await readPublicKeys(folder))
  for (const name of allServiceNames) {
    await writePrivate(join(folder, name, 'EVENTS_DATABASE_URL'), eventsUrl)
    await writePrivate(join(folder, name, 'SERVICE_PUBLIC_KEYS'), publicKeys)
    if (owner !== undefined) await giveTo(join(folder, name), owner)
  }
}

/** The secrets of one folder by their variables' names. */
export async function readSecrets(folder: string, name: ServiceName | typeof superuserFolder): Promise<Record<string, string>> {
  const files = (await readdir(join(folder, name))).filter((file) => /^[A-Z_]+$/.test(file)).sort()
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, name, file), 'utf8')] as const)),
  )
}

/** The URL of each database, with user and password. */
export async function readDatabaseUrls(folder: string): Promise<Record<DatabaseName, string>> {
  const urlOf = async (name: DatabaseName): Promise<string> =>
    name === 'events'
      ? readFile(join(folder, superuserFolder, 'EVENTS_DATABASE_URL'), 'utf8')
      : readFile(join(folder, name, 'DATABASE_URL'), 'utf8')
  const entries = await Promise.all(databaseNames.map(async (name) => [name, await urlOf(name)] as const))
  return Object.fromEntries(entries) as Record<DatabaseName, string>
}

async function readPublicKeys(folder: string): Promise<Record<string, string>> {
  const entries = allServiceNames.map(async (name) => {
    const privateKey = await readFile(join(folder, name, 'SERVICE_PRIVATE_KEY'), 'utf8')
    return [name, publicKeyOf(privateKey)] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** A role and a database of the same name. */
function databaseUrl(name: DatabaseName, postgres: string): string {
  return `postgres://holdfast_${name}:${makePassword()}@${postgres}/holdfast_${name}`
}

async function giveTo(folder: string, owner: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const file of await readdir(folder)) {
    await chown(join(folder, file), owner, owner)
    await chmod(join(folder, file), 0o400)
  }
  await chown(folder, owner, owner)
  await chmod(folder, 0o500)
}

function makePassword(): string {
  return randomBytes(24).toString('base64url')
}
