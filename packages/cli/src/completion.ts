/** Completion in the shells of others. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { createClient } from '@holdfast/client'

import type { GlobalOptions } from './call'
import type { Cli } from './cli'
import { openSession } from './session'
import { findUrl } from './settings'
import { completeWord } from './shell/complete'
import { readValues, type Values } from './shell/values'
import { toUnfinished } from './shell/words'
import { oneLine } from './table'

/** The system is waited for no longer than that, in ms: somebody has pressed Tab. */
const patienceMs = 2_000

/** As the scripts of @bomb.sh/tab understand them, behind the last candidate: no names of files; no space behind what is completed. */
const [noFiles, noSpace] = [4, 2]

/**
 * For bash; those for other shells are of @bomb.sh/tab. It hands the line over as it is: nothing that is typed is run before Enter, as the commands
 * in a "$(...)" would be.
 */
const bashScript = `# bash completion for holdfast
_holdfast() {
  local word _
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    case $word in
      :*) if (( \${word#:} & ${noSpace} )); then compopt -o nospace 2> /dev/null; fi ;;
      *) COMPREPLY+=("$word") ;;
    esac
  done < <(holdfast complete --line "\${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
}
complete -F _holdfast holdfast
`

export function completion(program: CommandUnknownOpts): void {
  program
    .command('completion')
    .description('a script for bash, zsh, fish or powershell that completes "holdfast": source <(holdfast completion bash)')
    .addArgument(program.createArgument('<shell>', '').choices(['bash', 'zsh', 'fish', 'powershell'] as const))
    .action(async (shell) => {
      if (shell === 'bash') {
        process.stdout.write(bashScript)
      } else {
        const { script } = await import('@bomb.sh/tab')
        script(shell, 'holdfast', 'holdfast')
      }
    })
}

/** What the scripts ask: a candidate and what it is on each line, then how they go on. */
export function complete(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .option('--line <line>', 'the whole line, up to the cursor, in the place of its words')
    .action(async (words, { line }) => {
      const { before, partial } = line === undefined ? lastOf(words) : behindFirst(line)
      const { candidates, goesOn } = await completeWord(program, before, partial, valuesOf(program, before, cli))
      const lines = candidates.map(({ value, about }) => (about === '' ? value : `${value}\t${oneLine(about)}`))
      process.stdout.write([...lines, `:${goesOn ? noFiles + noSpace : noFiles}`, ''].join('\n'))
    })
}

const lastOf = (words: string[]) => ({ before: words.slice(0, -1), partial: words.at(-1) ?? '' })

/** The first word is the program. */
function behindFirst(line: string): { before: string[]; partial: string } {
  const { before, partial } = toUnfinished(line)
  return { before: before.slice(1), partial }
}

/**
 * Asks the system that the line names. In silence: where it is away or does not know who asks there is nothing to offer. No token is renewed
 * for it, since who presses Tab may not wait for that, and a renewal that is broken off ends the session.
 */
function valuesOf(program: CommandUnknownOpts, before: readonly string[], { env, signal }: Cli): Values {
  return async (kind) => {
    try {
      program.parseOptions([...before])
      const options = program.opts() as GlobalOptions
      const url = await findUrl(options.url, env)
      const token = kind === 'sku' ? undefined : (await openSession(url, options.as, env)).freshToken
      const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
      return await readValues(createClient({ url, token, tries: 1 }), kind, { signal: patience })
    } catch {
      return []
    }
  }
}
