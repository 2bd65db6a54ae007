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
  #isOver = false
  #rest = ''

  constructor(private readonly options: PromptOptions) {}

  /** @returns undefined after Ctrl-D */
  async line(): Promise<string | undefined> {
    if (this.#ahead.length === 0 && !this.#isOver) await this.#read()
    return this.#ahead.shift()
  }

  /** Until there is at least one line, or the end. Lines that come in one piece are all taken. */
  async #read(): Promise<void> {
    const { text, history, complete } = this.options
    let [isRead, closed] = [false, false]
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
      // Ctrl-D, also behind lines that are run first.
      terminal.on('close', () => {
        this.#isOver = !isRead
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
    const stopListening = onEarlyEnd(() => {
      if (terminal.line === '') terminal.close()
    })
    if (this.#rest !== '') terminal.write(this.#rest)
    await more
    isRead = true
    stopListening()
    this.#rest = terminal.line
    terminal.close()
    if (this.#ahead.length === 0) process.stdout.write('\n')
  }
}

/**
 * Calls back for a Ctrl-D that was pressed while nothing listened: Linux keeps it for the next who reads as a NUL. One that is typed now is another
 * key (Ctrl-Space), so it counts only until what is there has been read, two rounds of the event loop from now.
 * @returns what ends that
 */
function onEarlyEnd(ended: () => void): () => void {
  const listen = (_text: string, { sequence }: { sequence?: string }): void => {
    if (sequence === '\0') ended()
  }
  const stop = (): void => void process.stdin.off('keypress', listen)
  process.stdin.on('keypress', listen)
  setImmediate(() => setImmediate(stop))
  return stop
}
