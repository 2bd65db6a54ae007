/** Ways to get at the commands. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'

import type { GlobalOptions } from '../call'
import type { Cli } from '../cli'
import { CliProblem } from '../problem'
import { shell as runShell } from '../shell/shell'

export function shell(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('shell')
    .description(
      'the commands one after the other, with completion and history; also "holdfast" alone on a terminal. Elsewhere: each line of standard input, until one fails',
    )
    .action(
      cli.run(async (call) => {
        const given = wordsOf(program.opts())
        cli.exitCode = await runShell(call, program, cli.env, async (words, signal) => {
          if (words[0] === 'shell') throw new CliProblem('you are in it already', 'usage')
          return cli.again([...given, ...words], signal)
        })
      }),
    )
}

/** The options of the program, as they may be given again. */
function wordsOf({ url, as, json, quiet }: GlobalOptions): string[] {
  return [
    ...(url === undefined ? [] : ['--url', url]),
    ...(as === undefined ? [] : ['--as', as]),
    ...(json === true ? ['--json'] : []),
    ...(quiet === true ? ['--quiet'] : []),
  ]
}
