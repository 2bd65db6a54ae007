import { createInterface } from 'node:readline'

import { type History, historySize } from './history'

export interface PromptOptions {
  text: string
  history: History
  complete: (line: string) => Promise<[string[], string]>
}

/**
 * Asks for a line at a time. Between two lines nothing listens to the terminal, so that a command may ask questions of its own, and
 * Ctrl-C is a signal again. What was typed or pasted ahead is not lost.
 */
export class Prompt {
  readonly #ahead: string[] = []
  #rest = ''

  constructor(private readonly options: PromptOptions) {}

  /** @returns undefined after Ctrl-D */
  async line(): Promise<string | undefined> {
    if (this.#ahead.length === 0) await this.#read()
    return this.#ahead.shift()
  }

  /** Until there is at least one line, or the end. Lines that come in one piece are all taken. */
  async #read(): Promise<void> {
    const { text, history, complete } = this.options
    let closed = false
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: text,
      history: history.lines,
      historySize,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, completion: [string[], string]) => void) => {
        const answer = (completion: [string[], string]): void => {
          // Enter may come before it: then nobody wants it any more, and readline throws.
          if (!closed) done(null, completion)
        }
        complete(line).then(answer, () => answer([[], line]))
      },
    })
    terminal.on('history', (lines) => (history.lines = lines))
    const more = new Promise<void>((resolve) => {
      terminal.on('line', (line) => {
        this.#ahead.push(line)
        resolve()
      })
      terminal.on('close', () => {
        closed = true
        resolve()
      })
    })
    // What was typed so far is given up, as in a shell.
    terminal.on('SIGINT', () => {
      if (terminal.line === '') process.stdout.write('\n(Ctrl-D leaves)')
      process.stdout.write('\n')
      terminal.write(null, { ctrl: true, name: 'e' })
      terminal.write(null, { ctrl: true, name: 'u' })
      terminal.prompt()
    })
    terminal.prompt()
    if (this.#rest !== '') terminal.write(this.#rest)
    await more
    this.#rest = terminal.line
    terminal.close()
    if (this.#ahead.length === 0) process.stdout.write('\n')
  }
}
