import { spawnSync } from 'node:child_process'

/**
 * Runs a program in the repository; its messages go to the terminal.
 * @param env over that of this process
 * @returns its standard output
 * @throws where it fails
 */
export function run(root: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
    // On Windows npx is a script, which only a shell finds.
    shell: process.platform === 'win32',
  })
  if (error !== undefined) throw error
  if (status !== 0) {
    process.stderr.write(stdout)
    throw new Error(`this failed: ${command} ${args.join(' ')}`)
  }
  return stdout
}

export function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0
}
