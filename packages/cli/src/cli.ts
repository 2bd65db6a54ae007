import type { Command } from '@commander-js/extra-typings'

import { type Call, type CallSettings, openCall } from './call'

/** One run of the program: what its commands are given, and what became of it. */
export class Cli {
  /** Where it was asked; for what is said about a failure. */
  url = ''
  /** Set by a check that found something wrong, without an error. */
  exitCode = 0
  /** What the parser found wrong with the words. */
  readonly complaints: string[] = []

  constructor(
    readonly env: NodeJS.ProcessEnv,
    readonly signal: AbortSignal,
    /** Runs another command line, as of a shell. @returns its exit code */
    readonly again: (words: readonly string[], signal: AbortSignal) => Promise<number>,
  ) {}

  /**
   * An action of a command: the work gets the arguments and options as the command declares them, without `--key`, which goes with the calls.
   * So options that have the names of the API's fields may be sent as they are.
   */
  run<Args extends unknown[]>(work: (call: Call, ...args: Args) => Promise<void>): (...args: Args) => Promise<void> {
    return async (...args) => {
      const command = args.at(-1) as Command
      const { key, ...options } = args.at(-2) as { key?: string }
      const settings: CallSettings = { env: this.env, signal: this.signal, onUrl: (url) => (this.url = url) }
      const call = await openCall(command.optsWithGlobals(), key, settings)
      await work(call, ...(args.toSpliced(-2, 1, options) as Args))
    }
  }
}
