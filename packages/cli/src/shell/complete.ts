import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import { toUnfinished } from './words'

type Completion = [matches: string[], partial: string]

/** Arguments of these names are SKUs; `lines` begin with one. */
const skuArguments = /^(skus?|lines)$/

/**
 * What may stand at the end of a line: commands, their options, what an option or argument may be, SKUs.
 * @param skus asked for only where one may stand
 */
export async function complete(program: CommandUnknownOpts, line: string, skus: () => Promise<string[]>): Promise<Completion> {
  const { before, partial } = toUnfinished(line)
  const place = walk(program, before)
  const matches = (await candidates(program, place, partial, skus)).filter((each) => startsWith(each, partial))
  const [only] = matches
  // A line may go on with its units; every other word is whole.
  const isWhole = matches.length === 1 && argumentAt(place)?.name() !== 'lines'
  return [isWhole ? [`${only} `] : matches, partial]
}

/** The command that some words name, the option whose value comes next, and how many arguments there are. */
interface Place {
  command: CommandUnknownOpts
  open: Option | undefined
  given: number
}

async function candidates(
  program: CommandUnknownOpts,
  place: Place,
  partial: string,
  skus: () => Promise<string[]>,
): Promise<string[]> {
  const { command, open, given } = place
  if (open !== undefined) return open.argChoices ?? []
  if (partial.startsWith('-')) {
    const options = command === program ? program.options : [...command.options, ...program.options]
    return options.flatMap(({ long, hidden }) => (long === undefined || hidden ? [] : [long]))
  }
  if (given === 0 && command.commands.length > 0) {
    return command
      .createHelp()
      .visibleCommands(command)
      .map((each) => each.name())
  }
  const argument = argumentAt(place)
  if (argument === undefined) return []
  return argument.argChoices ?? (skuArguments.test(argument.name()) ? skus() : [])
}

function argumentAt({ command, given }: Place): Argument | undefined {
  return command.registeredArguments[given] ?? command.registeredArguments.findLast(({ variadic }) => variadic)
}

function walk(program: CommandUnknownOpts, words: readonly string[]): Place {
  let [command, open, given]: [CommandUnknownOpts, Option | undefined, number] = [program, undefined, 0]
  for (const word of words) {
    if (open !== undefined) {
      open = undefined
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(({ long, short }) => long === word || short === word)
      if (option?.required === true) open = option
    } else {
      const next: CommandUnknownOpts | undefined =
        given === 0 ? command.commands.find((each) => each.name() === word || each.aliases().includes(word)) : undefined
      if (next === undefined) given++
      else command = next
    }
  }
  return { command, open, given }
}

/** SKUs are upper-cased on the way in, so small letters find them. */
function startsWith(candidate: string, partial: string): boolean {
  return candidate.startsWith(partial) || candidate.startsWith(partial.toUpperCase())
}
