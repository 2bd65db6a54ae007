import { createInterface } from 'node:readline'

import type { CommandUnknownOpts } from '@commander-js/extra-typings'

import type { Call } from '../call'
import { exitCodes } from '../exit-codes'
import { failureOf } from '../failure'
import { complete } from './complete'
import { History } from './history'
import { Prompt } from './prompt'
import { keptValues } from './values'
import { toWords } from './words'

/** How one line is run. @returns its exit code */
export type RunLine = (words: readonly string[], signal: AbortSignal) => Promise<number>

/** The system is waited for no longer than that after Tab, in ms. */
const patienceMs = 2_000

/**
 * The commands one after the other. On a terminal with a prompt, until Ctrl-D; elsewhere each line of standard input, until one fails.
 * @returns the exit code: of what failed, elsewhere than on a terminal
 */
export async function shell(call: Call, program: CommandUnknownOpts, env: NodeJS.ProcessEnv, runLine: RunLine): Promise<number> {
  const begin = async (line: string, signal: AbortSignal): Promise<number> => {
    try {
      const words = toWords(line)
      return words.length === 0 ? 0 : await runLine(words, signal)
    } catch (error) {
      process.stderr.write(`holdfast: ${failureOf(error).problem.detail}\n`)
      return exitCodes.usage[0]
    }
  }
  return process.stdin.isTTY ? ask(call, program, env, begin) : read(call, begin)
}

type Begin = (line: string, signal: AbortSignal) => Promise<number>

async function read({ signal }: Call, begin: Begin): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trimStart().startsWith('#')) continue
    const exitCode = await begin(line, signal)
    if (exitCode !== 0) return exitCode
  }
  return 0
}

async function ask(call: Call, program: CommandUnknownOpts, env: NodeJS.ProcessEnv, begin: Begin): Promise<number> {
  const { url, session, out } = call
  const history = new History(env)
  await history.read()
  const values = keptValues(call.client, patienceMs)
  const prompt = new Prompt({ text: 'holdfast> ', history, complete: async (line) => complete(program, line, values) })
  out.note(`Holdfast at ${url}, ${session.who}. Tab completes, "help" lists the commands, Ctrl-D leaves.`)
  // From here on Ctrl-C is for what runs, and never for the program.
  process.removeAllListeners('SIGINT')
  for (;;) {
    const line = (await prompt.line())?.trim()
    if (line === undefined || line === 'exit' || line === 'quit') return 0
    await history.keep()
    await interruptible(async (signal) => begin(line, signal))
  }
}

/** Ctrl-C ends what runs, and nothing else. */
async function interruptible(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  process.on('SIGINT', stop)
  try {
    await work(interrupt.signal)
  } finally {
    process.off('SIGINT', stop)
  }
}
