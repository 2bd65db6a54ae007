import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings'

import type { Candidate, ValueKind, Values } from './values'
import { toUnfinished } from './words'

/** Arguments by their names; a line begins with a SKU. */
const kinds: Readonly<Record<string, ValueKind | undefined>> = {
  sku: 'sku',
  skus: 'sku',
  lines: 'sku',
  reservation: 'reservation',
  order: 'order',
}

/** What may come next, and whether it may go on behind that without a space. */
export interface Completion {
  candidates: Candidate[]
  goesOn: boolean
}

/** For readline: what may stand at the end of a line, and the part of it that is there. */
export async function complete(program: CommandUnknownOpts, line: string, values: Values): Promise<[string[], string]> {
  const { before, partial } = toUnfinished(line)
  const { candidates, goesOn } = await completeWord(program, before, partial, values)
  const [only, ...others] = candidates.map(({ value }) => value)
  if (only === undefined) return [[], partial]
  return [others.length === 0 && !goesOn ? [`${only} `] : [only, ...others], partial]
}

/**
 * What a word may be that has begun as `partial`: commands, their options, what an option or argument may be, SKUs and ids.
 * @param values asked for only where one may stand
 */
export async function completeWord(
  program: CommandUnknownOpts,
  before: readonly string[],
  partial: string,
  values: Values,
): Promise<Completion> {
  const place = walk(program, before)
  const all = await candidatesAt(program, place, partial, values)
  // A line may go on with its units; every other word is whole.
  const isLine = place.open === undefined && !partial.startsWith('-') && argumentAt(place)?.name() === 'lines'
  return { candidates: all.filter(({ value }) => startsWith(value, partial)), goesOn: isLine }
}

/** The command that some words name, the option whose value comes next, and how many arguments there are. */
interface Place {
  command: CommandUnknownOpts
  open: Option | undefined
  given: number
}

async function candidatesAt(program: CommandUnknownOpts, place: Place, partial: string, values: Values): Promise<Candidate[]> {
  const { command, open, given } = place
  if (open !== undefined) return plain(open.argChoices)
  if (partial.startsWith('-')) {
    const options = command === program ? program.options : [...command.options, ...program.options]
    return options.flatMap(({ long, hidden, description }) =>
      long === undefined || hidden ? [] : [{ value: long, about: description }],
    )
  }
  if (given === 0 && command.commands.length > 0) {
    return command
      .createHelp()
      .visibleCommands(command)
      .map((each) => ({ value: each.name(), about: each.description() }))
  }
  const argument = argumentAt(place)
  if (argument === undefined) return []
  const kind = kinds[argument.name()]
  return kind === undefined || argument.argChoices !== undefined ? plain(argument.argChoices) : values(kind)
}

const plain = (values: readonly string[] = []): Candidate[] => values.map((value) => ({ value, about: '' }))

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
