import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { writePrivate } from '@holdfast/launcher'

/** Lines that are kept. */
export const historySize = 1_000

/** What was typed, the last line first, as readline has it; kept from one time to the next. It has no passwords: those are asked for. */
export class History {
  lines: string[] = []
  readonly #file: string

  constructor(env: NodeJS.ProcessEnv) {
    const folder = process.platform === 'win32' ? env.LOCALAPPDATA : env.XDG_STATE_HOME
    this.#file = join(folder || join(homedir(), '.local', 'state'), 'holdfast', 'history')
  }

  async read(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    this.lines = text.split('\n').filter((line) => line !== '')
  }

  /** A history that can't be kept is none; nobody is bothered with that. */
  async keep(): Promise<void> {
    await writePrivate(this.#file, this.lines.map((line) => `${line}\n`).join('')).catch(() => undefined)
  }
}
