import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { fromEnvironment } from './from-environment'
import { writePrivate } from './private-file'

export interface Credential {
  email: string
  password: string
}

export interface Credentials {
  admin: Credential
  user: Credential
}

const fileName = 'credentials.json'

/**
 * The admin and the user of an embedded system: made up at its first start and kept, readable by their owner only.
 * HOLDFAST_ADMIN_EMAIL and HOLDFAST_ADMIN_PASSWORD win over what was made up.
 */
export async function loadCredentials(dataFolder: string, env: NodeJS.ProcessEnv = process.env): Promise<Credentials> {
  const kept = await readCredentials(dataFolder)
  const credentials: Credentials = {
    admin: {
      email: fromEnvironment('HOLDFAST_ADMIN_EMAIL', env) || kept?.admin.email || 'admin@holdfast.example',
      password: fromEnvironment('HOLDFAST_ADMIN_PASSWORD', env) || kept?.admin.password || makePassword(),
    },
    user: kept?.user ?? { email: 'shopper@holdfast.example', password: makePassword() },
  }
  const content = `${JSON.stringify(credentials, null, 2)}\n`
  if (JSON.stringify(kept) !== JSON.stringify(credentials)) await writePrivate(join(dataFolder, fileName), content)
  return credentials
}

/** @returns undefined when no system was started on this folder yet */
export async function readCredentials(dataFolder: string): Promise<Credentials | undefined> {
  const file = join(dataFolder, fileName)
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (content === undefined) return undefined
  try {
    return JSON.parse(content) as Credentials
  } catch (error) {
    throw new Error(`${file} is not valid JSON`, { cause: error })
  }
}

function makePassword(): string {
  return randomBytes(15).toString('base64url')
}
