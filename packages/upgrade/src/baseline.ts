/** The migrations that the last release came with: kept in a file, and compared with. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface SchemaBaseline {
  /** The version that came with them. */
  release: string
  /** SHA-256 of each, by its path from the root, in the order of their folders. */
  migrations: Record<string, string>
}

export const baselineFile = 'deploy/schema-baseline.json'

/** Those of the working tree, by their paths from the root. */
export function listMigrations(root: string): string[] {
  return globSync(['services/*/migrations/*.sql', 'packages/events/*migrations/*.sql'], { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()
}

function checksum(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}

/** Writes down what a release promises; its next commit is tagged. */
export function writeBaseline(root: string, release: string): void {
  const entries = listMigrations(root).map((file) => [file, checksum(readFileSync(join(root, file), 'utf8'))] as const)
  const baseline: SchemaBaseline = { release, migrations: Object.fromEntries(entries) }
  writeFileSync(join(root, baselineFile), `${JSON.stringify(baseline, null, 2)}\n`)
}

/**
 * As the last release tag has it, for a branch can't excuse its own change; in a clone without tags, of the working tree.
 * @returns undefined before the first release
 */
export function readBaseline(root: string): SchemaBaseline | undefined {
  const tag = git(root, 'describe', '--tags', '--abbrev=0', '--match', 'v*')?.trim()
  const text = (tag && git(root, 'show', `${tag}:${baselineFile}`)) ?? read(join(root, baselineFile))
  return text === undefined ? undefined : (JSON.parse(text) as SchemaBaseline)
}

/** What the baseline says has become of its migrations, a line each. */
export function changedSince(root: string, { release, migrations }: SchemaBaseline): string[] {
  return Object.entries(migrations).flatMap(([file, sum]) => {
    const text = read(join(root, file))
    if (text === undefined) return [`${file}: ${release} was released with it, and it is gone`]
    return checksum(text) === sum ? [] : [`${file}: ${release} was released with it, and it has been changed`]
  })
}

/** Those that the release did not have, and what is wrong with their numbers: a database that is there runs them last. */
export function newSince(root: string, { migrations }: SchemaBaseline): { files: string[]; problems: string[] } {
  const released = Object.keys(migrations)
  const files = listMigrations(root).filter((file) => !released.includes(file))
  const problems = files.flatMap((file) => {
    const last = released.filter((other) => dirname(other) === dirname(file)).at(-1)
    const isLater = last === undefined || basename(file) > basename(last)
    return isLater ? [] : [`${file}: comes before ${basename(last)}, which databases have run already`]
  })
  return { files, problems }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What git answers; undefined where it has no answer, or there is no git. */
function git(root: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 })
  return status === 0 ? stdout : undefined
}
