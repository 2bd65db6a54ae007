import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'

import type { CastEvent } from './cast'

/** What terminals are told before each prompt, and don't show (OSC 133): from then on one may type. */
const promptMark = '\u001B]133;A\u0007'
/** Between two letters, in ms: somebody who types well. */
const letterMs = 25
/** The longest that anything may take, in ms. */
const patienceMs = 600_000

export interface ShellOptions {
  columns: number
  rows: number
  env: NodeJS.ProcessEnv
}

/** A bash on a terminal of its own, which `script` of util-linux makes; what it shows is written down with its time. */
export class RecordedShell {
  readonly events: CastEvent[] = []
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<number | null>
  readonly #begunAt = performance.now()
  #unseen = ''
  #look = (): void => undefined

  constructor({ columns, rows, env }: ShellOptions) {
    const command = `stty cols ${columns} rows ${rows}; exec bash --norc --noprofile`
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: {
        ...env,
        TERM: 'xterm-256color',
        SHELL: '/bin/sh',
        PS1: String.raw`\[\e]133;A\a\]$ `,
        HISTFILE: '',
        INPUTRC: '/dev/null',
      },
    })
    this.#ended = new Promise((resolve, reject) => this.#child.on('close', resolve).on('error', reject))
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.events.push({ at: this.now(), text })
      this.#unseen += text
      this.#look()
    })
  }

  /** Since the beginning, in ms. */
  now(): number {
    return Math.round(performance.now() - this.#begunAt)
  }

  /** Types a letter at a time. */
  async type(text: string): Promise<void> {
    for (const letter of text) {
      this.#child.stdin.write(letter)
      await sleep(letterMs)
    }
  }

  /** Until one may type again. @returns what it showed by then, without control sequences */
  async prompt(): Promise<string> {
    return this.#until(() => placeBehind(this.#unseen, promptMark))
  }

  /** Until it shows that, behind what was waited for before. @returns the same */
  async shows(wanted: RegExp): Promise<string> {
    return this.#until(() => {
      const found = wanted.exec(stripVTControlCharacters(this.#unseen))
      // Where it ends among control characters can't be told: all that is there by then is seen.
      return found === null ? undefined : this.#unseen.length
    })
  }

  /** Ends it, whatever runs. */
  async end(): Promise<void> {
    this.#child.kill()
    await this.#ended
  }

  async #until(place: () => number | undefined): Promise<string> {
    const shown = new Promise<number>((resolve) => {
      this.#look = () => {
        const at = place()
        if (at !== undefined) resolve(at)
      }
    })
    this.#look()
    const giveUp = new AbortController()
    const tooLate = sleep(patienceMs, undefined, { signal: giveUp.signal, ref: false })
    const ended = this.#ended.then(() => undefined)
    const at = await Promise.race([shown, tooLate, ended])
    giveUp.abort()
    if (at === undefined)
      throw new Error(`the terminal does not show what it should: ${JSON.stringify(this.#unseen.slice(-500))}`)
    const seen = this.#unseen.slice(0, at)
    this.#unseen = this.#unseen.slice(at)
    return stripVTControlCharacters(seen)
  }
}

function placeBehind(text: string, wanted: string): number | undefined {
  const at = text.indexOf(wanted)
  return at === -1 ? undefined : at + wanted.length
}
