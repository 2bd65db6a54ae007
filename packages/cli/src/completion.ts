import type { CommandUnknownOpts } from '@commander-js/extra-typings'

const name = 'completion'

/**
 * Adds `completion SHELL`, and for the scripts that it prints `complete -- WORDS`, which tells what may come next. Both are of
 * @bomb.sh/tab, which is only read in where it is used: it goes over the whole program.
 */
export async function addCompletion(program: CommandUnknownOpts, words: readonly string[]): Promise<void> {
  if (words[0] === name || words[0] === 'complete') {
    const { default: tab } = await import('@bomb.sh/tab/commander')
    tab(program as unknown as Parameters<typeof tab>[0], { completionCommandName: name })
    return
  }
  describeCompletion(program)
}

/** For the help alone. */
export function describeCompletion(program: CommandUnknownOpts): void {
  program
    .command(name)
    .description('a script for bash, zsh, fish or powershell that completes "holdfast": source <(holdfast completion bash)')
    .addArgument(program.createArgument('<shell>', '').choices(['bash', 'zsh', 'fish', 'powershell']))
}
