import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { exitCodes } from '@holdfast/cli'

const begin = '<!-- npm run catalogue writes from here on -->'

/** The page of the command line with its end written anew: exit codes, what every command takes, and each command. */
export function withCommands(page: string, program: CommandUnknownOpts): string {
  const [own, ...written] = page.split(begin)
  if (own === undefined || written.length !== 1) throw new Error(`the page has no line ${begin}`)
  return [
    `${own}${begin}`,
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.values(exitCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
    '## Options of every command',
    optionsOf(program),
    ...groupsOf(program),
  ]
    .join('\n\n')
    .concat('\n')
}

function groupsOf(program: CommandUnknownOpts): string[] {
  const groups = new Map<string, CommandUnknownOpts[]>()
  for (const command of visible(program)) groups.set(command.helpGroup(), [...(groups.get(command.helpGroup()) ?? []), command])
  return [...groups].flatMap(([heading, commands]) => [
    `## ${heading.replace(/:$/, '')}`,
    ...commands.flatMap((command) => sectionsOf(command, `holdfast ${command.name()}`)),
  ])
}

/** Of a command and of those below it. One that only has others below it is no command by itself. */
function sectionsOf(command: CommandUnknownOpts, path: string): string[] {
  const below = visible(command)
  const isFamily = below.length > 0 && command.options.length === 0 && command.registeredArguments.length === 0
  const also = command.aliases().map((alias) => `\`holdfast ${alias}\``)
  const description = [`${capital(command.description())}.`, ...(also.length === 0 ? [] : [`Also: ${also.join(', ')}.`])].join(
    ' ',
  )
  return [
    `### ${path}`,
    ...(isFamily ? [] : [`\`${[path, command.usage()].join(' ').replace(' [command]', '')}\``]),
    description,
    ...argumentsOf(command),
    ...(command.options.length === 0 ? [] : [optionsOf(command)]),
    ...below.flatMap((each) => sectionsOf(each, `${path} ${each.name()}`)),
  ]
}

function argumentsOf(command: CommandUnknownOpts): string[] {
  const described = command.registeredArguments.filter(
    (argument) => argument.description !== '' || argument.argChoices !== undefined,
  )
  if (described.length === 0) return []
  return [
    table(
      ['argument', ''],
      described.map((argument) => [`\`${argument.name()}\``, textOf(argument.description, argument.argChoices, undefined)]),
    ),
  ]
}

function optionsOf(command: CommandUnknownOpts): string {
  return table(
    ['option', ''],
    command.options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description, argChoices, defaultValue }) => [`\`${flags}\``, textOf(description, argChoices, defaultValue)]),
  )
}

function textOf(description: string, choices: readonly string[] | undefined, defaultValue: unknown): string {
  const parts = [
    description,
    ...(choices === undefined ? [] : [choices.map((choice) => `\`${choice}\``).join(', ')]),
    ...(typeof defaultValue === 'number' && Number.isFinite(defaultValue) ? [`default: ${defaultValue}`] : []),
  ]
  return parts.filter((part) => part !== '').join('; ')
}

function visible(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
