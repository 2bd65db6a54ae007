import { isAbsolute, join } from 'node:path'

import { type Credential, findRunning, fromEnvironment, readCredentials, workspaceRoot } from '@holdfast/launcher'

import { CliProblem } from './problem'

export interface Settings {
  /** Of the gateway, without a slash at its end. */
  url: string
  admin: Admin
}

/** Who logs in, or comes with a token of another issuer, which ends when it ends. */
export type Admin = Credential | { token: string }

/**
 * Where the system is and who its admin is: what the command line says, else the environment, else what the embedded start
 * on this data folder has left there.
 */
export async function readSettings(options: { url?: string }, env: NodeJS.ProcessEnv = process.env): Promise<Settings> {
  const folder = dataFolder(env)
  return { url: await findUrl(options.url, folder, env), admin: await findAdmin(folder, env) }
}

/** Of the embedded start. */
export function dataFolder(env: NodeJS.ProcessEnv): string {
  const folder = env.HOLDFAST_DATA_DIR || '.holdfast'
  return isAbsolute(folder) ? folder : join(workspaceRoot(), folder)
}

async function findUrl(given: string | undefined, dataFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (given !== undefined) {
    if (!/^https?:\/\/[^/]/.test(given) || !URL.canParse(given)) throw new CliProblem(`${given} is no http(s) URL`)
    return given.replace(/\/+$/, '')
  }
  if (env.HOLDFAST_URL) return findUrl(env.HOLDFAST_URL, dataFolder, env)
  if (env.HOLDFAST_PORT) return `http://127.0.0.1:${env.HOLDFAST_PORT}`
  return (await findRunning(dataFolder))?.url ?? 'http://127.0.0.1:8080'
}

async function findAdmin(dataFolder: string, env: NodeJS.ProcessEnv): Promise<Admin> {
  const token = fromEnvironment('HOLDFAST_ADMIN_TOKEN', env)
  if (token) return { token }
  const email = fromEnvironment('HOLDFAST_ADMIN_EMAIL', env)
  const password = fromEnvironment('HOLDFAST_ADMIN_PASSWORD', env)
  if (email && password) return { email, password }
  const kept = await readCredentials(dataFolder).catch((error: unknown) => {
    throw new CliProblem(`the admin's password could not be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (kept !== undefined) return { email: email || kept.admin.email, password: password || kept.admin.password }
  throw new CliProblem(
    `no admin is known: start Holdfast with "npm start", or set HOLDFAST_ADMIN_EMAIL and HOLDFAST_ADMIN_PASSWORD (looked in ${dataFolder})`,
  )
}
