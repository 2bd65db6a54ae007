import { readFileSync } from 'node:fs'

/** A variable, or what stands in the file that NAME_FILE names, as secrets are mounted. @throws Error that names the variable */
export function fromEnvironment(name: string, env: NodeJS.ProcessEnv): string | undefined {
  if (env[name]) return env[name]
  const file = env[`${name}_FILE`]
  if (!file) return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Error(`${name}_FILE: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
