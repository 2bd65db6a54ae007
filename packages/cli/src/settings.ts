import { isAbsolute, join } from 'node:path'

import { findRunning, workspaceRoot } from '@holdfast/launcher'

import { CliProblem } from './problem'

/** Of the embedded start. */
export function dataFolder(env: NodeJS.ProcessEnv): string {
  const folder = env.HOLDFAST_DATA_DIR || '.holdfast'
  return isAbsolute(folder) ? folder : join(workspaceRoot(), folder)
}

/**
 * Where the gateway is, without a slash at its end: what the command line says, else the environment, else where the embedded
 * system of this data folder runs.
 */
export async function findUrl(given: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const named = given ?? (env.HOLDFAST_URL || undefined)
  if (named !== undefined) {
    if (!/^https?:\/\/[^/]/.test(named) || !URL.canParse(named)) throw new CliProblem(`${named} is no http(s) URL`, 'usage')
    return named.replace(/\/+$/, '')
  }
  if (env.HOLDFAST_PORT) return `http://127.0.0.1:${env.HOLDFAST_PORT}`
  return (await findRunning(dataFolder(env)))?.url ?? 'http://127.0.0.1:8080'
}

/** Whether nothing that is sent there leaves this machine. */
export function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
