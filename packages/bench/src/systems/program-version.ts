import { spawnSync } from 'node:child_process'

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
}

/** The version that a program tells. @param pattern finds it; its first group */
export function programVersion(name: string, pattern: RegExp): string | undefined {
  return pattern.exec(spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]
}
