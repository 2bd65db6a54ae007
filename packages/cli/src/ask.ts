import { text } from 'node:stream/consumers'

import { fromEnvironment } from '@holdfast/launcher'

import { CliProblem } from './problem'

/** @throws CliProblem where there is no terminal to ask at */
export async function askEmail(signal: AbortSignal): Promise<string> {
  needTerminal('--email')
  const { default: input } = await import('@inquirer/input')
  return answered(input({ message: 'E-mail address', required: true }, onTerminal(signal)))
}

/** Without an echo. @throws CliProblem where there is no terminal to ask at */
export async function askPassword(onStdin: boolean, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  if (onStdin) return (await text(process.stdin)).replace(/\r?\n$/, '')
  const given = fromEnvironment('HOLDFAST_PASSWORD', env)
  if (given) return given
  needTerminal('--password-stdin, or HOLDFAST_PASSWORD')
  const { default: password } = await import('@inquirer/password')
  return answered(password({ message: 'Password', toggleMask: false }, onTerminal(signal)))
}

/** Questions are no answer: they go to standard error. */
const onTerminal = (signal: AbortSignal) => ({ output: process.stderr, signal })

function needTerminal(instead: string): void {
  if (!process.stdin.isTTY) throw new CliProblem(`there is nobody to ask: give ${instead}`, 'usage')
}

async function answered(question: Promise<string>): Promise<string> {
  try {
    return await question
  } catch (error) {
    // ExitPromptError: Ctrl-C; AbortPromptError: by the signal.
    throw new CliProblem('interrupted', 'interrupted', { cause: error })
  }
}
