/** An earlier state of the repository, built beside this one. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { ServiceName } from '@holdfast/launcher'

export interface Earlier {
  /** A service's main file. */
  mainOf: (service: ServiceName) => string
  /** Migrations that it had, and that have been changed since: its databases keep what they ran. Paths from the root. */
  changedSince: string[]
  /** Takes the checkout away. At once, for a process that ends. */
  remove: () => void
}

/** @param folder made; must not be there @param ref of git @throws Error where it can not be had or built */
export async function buildEarlier(root: string, folder: string, ref: string): Promise<Earlier> {
  const changedSince = changedMigrations(root, ref)
  await run(root, 'git', ['worktree', 'add', '--quiet', '--detach', folder, ref])
  const remove = (): void => void spawnSync('git', ['worktree', 'remove', '--force', folder], { cwd: root })
  // Ctrl-C leaves no checkout behind either.
  process.once('exit', remove)
  await run(folder, process.execPath, [join('packages', 'launcher', 'bootstrap.mjs'), 'build'])
  return {
    mainOf: (service) => join(folder, 'services', service, 'dist', 'src', 'main.js'),
    changedSince,
    remove: () => {
      process.off('exit', remove)
      remove()
    },
  }
}

/** @throws Error before the first release */
export function newestRelease(root: string): string {
  const { status, stdout } = git(root, 'describe', '--tags', '--abbrev=0', '--match', 'v*')
  if (status !== 0) throw new Error('there is no release yet: say what is upgraded, as --from a1b2c3d')
  return stdout.trim()
}

function changedMigrations(root: string, ref: string): string[] {
  const folders = ['services/*/migrations/*.sql', 'packages/events/*migrations/*.sql'].map((path) => `:(glob)${path}`)
  const { status, stdout, stderr } = git(root, 'diff', '--name-only', '--no-renames', '--diff-filter=MD', ref, '--', ...folders)
  if (status !== 0) throw new Error(`${ref}: ${stderr.trim()}`)
  return stdout.split('\n').filter((line) => line !== '')
}

function git(root: string, ...args: string[]) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' })
}

async function run(cwd: string, command: string, args: string[]): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')}: ${code ?? 'killed'}`)
}
