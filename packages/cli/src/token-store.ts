import { mkdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import { writePrivate } from '@holdfast/launcher'
import { lock } from 'proper-lockfile'

import { CliProblem } from './problem'

/** The tokens of one who has logged in. */
export interface Login {
  email: string
  role: string
  accessToken: string
  refreshToken: string
  /** When the access token ends, ms since 1970. */
  expiresAt: number
}

type Logins = Record<string, Login | undefined>

/** A lock whose holder has not touched it for so long is nobody's, in ms. It is touched every half of that. */
const staleMs = 10_000

/** Logins by name, in a file that only its owner may read. */
export class TokenStore {
  constructor(readonly file: string) {}

  /** @throws CliProblem where the file can't be read, or others may read it */
  async get(name: string): Promise<Login | undefined> {
    return (await this.#read())[name]
  }

  /**
   * Changes one entry; one process at a time, which sees what those before it have written.
   * @param change the entry as it is now; what it answers is kept, undefined: it goes
   */
  async update(name: string, change: (login: Login | undefined) => Promise<Login | undefined>): Promise<Login | undefined> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 })
    // Each process tries for longer than another one may need for a refresh.
    const retries = { forever: true, maxRetryTime: 60_000, minTimeout: 20, maxTimeout: 200 }
    const unlock = await lock(this.file, { realpath: false, stale: staleMs, retries })
    try {
      const { [name]: before, ...others } = await this.#read()
      const after = await change(before)
      if (after !== before) {
        const logins: Logins = after === undefined ? others : { ...others, [name]: after }
        await writePrivate(this.file, `${JSON.stringify(logins, null, 2)}\n`)
      }
      return after
    } finally {
      await unlock()
    }
  }

  async #read(): Promise<Logins> {
    try {
      // Windows keeps what is in a user's folder to the user.
      if (process.platform !== 'win32' && ((await stat(this.file)).mode & 0o077) !== 0) {
        throw new CliProblem(`${this.file} may be read by others: chmod 600 it, or remove it and log in again`, 'signIn')
      }
      return JSON.parse(await readFile(this.file, 'utf8')) as Logins
    } catch (error) {
      if (error instanceof CliProblem) throw error
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw new CliProblem(`${this.file} can't be read: ${error instanceof Error ? error.message : String(error)}`, 'signIn')
    }
  }
}

/** Of this user, as the system has it: XDG_CONFIG_HOME, on Windows APPDATA. */
export function configFolder(env: NodeJS.ProcessEnv): string {
  const usual = process.platform === 'win32' ? env.APPDATA : env.XDG_CONFIG_HOME
  return join(usual || join(homedir(), '.config'), 'holdfast')
}
