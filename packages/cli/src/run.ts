import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'

import { Cli } from './cli'
import { type Failure, failureOf } from './failure'
import { CliProblem } from './problem'
import { createProgram } from './program'
import { oneLine, painter } from './table'

/**
 * One command line, from its words to its exit code. A failure is told on standard error: in words, with `--json` as a problem.
 * @param words without the program's name
 */
export async function run(words: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const cli = new Cli(env, signal, async (more, end) => run(more, env, end))
  const program = createProgram(cli)
  try {
    await program.parseAsync(isNoCommand(program, words) ? [...words, 'shell'] : words, { from: 'user' })
    return cli.exitCode
  } catch (error) {
    // Help and version were asked for.
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const failure = failureOf(error instanceof CommanderError ? usageProblem(cli.complaints) : error, cli.url)
    if (words.includes('--json')) process.stderr.write(`${JSON.stringify(failure.problem)}\n`)
    else tell(failure)
    return failure.exitCode
  }
}

/** `holdfast` alone on a terminal, with or without options. */
function isNoCommand(program: CommandUnknownOpts, words: readonly string[]): boolean {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false
  const { operands, unknown } = program.parseOptions([...words])
  return operands.length === 0 && unknown.length === 0
}

/** Where nothing is complained of, a command is missing, and commander has shown the help. */
function usageProblem(complaints: readonly string[]): CliProblem {
  const text = complaints.join(' ').replace(/^error: /, '')
  return new CliProblem(text.trim() || 'a command is missing', 'usage')
}

function tell({ problem, hints }: Failure): void {
  const paint = painter(process.stderr)
  const { code, detail, errors, requestId, status } = problem
  const what = [
    // What a bug leaves is a stack.
    `${paint('holdfast:', 'bad')} ${code === 'INTERNAL' ? detail : oneLine(detail)}${status === 0 ? '' : ` (${code})`}`,
    ...errors.map(({ field, message }) => oneLine(`  ${field}: ${message}`)),
    ...hints.map(oneLine),
    ...(requestId === '' ? [] : [paint(`request id: ${oneLine(requestId)}`, 'faint')]),
  ]
  process.stderr.write(`${what.join('\n')}\n`)
}
