import { Command, InvalidArgumentError } from 'commander'

export interface BenchSettings {
  /** Every figure is the median of so many runs. */
  rounds: number
  /** Of each measurement. */
  seconds: number
  saleRequests: number
  /** Only these scenarios, systems, or `system/scenario`, with `*` for anything; none: all. */
  only: string[]
  /** Systems that are measured only when they are asked for. */
  peers: string[]
  /** How long a soak takes; none: there is no soak. */
  soakMinutes?: number
}

export interface CommandLine extends BenchSettings {
  /** Where results go; none: nowhere. */
  out?: string
  /** Nothing is measured: tables and charts are made again from what is there. */
  render: boolean
}

interface Flags {
  rounds?: number
  seconds?: number
  saleRequests?: number
  only?: string[]
  peer?: string[]
  soak?: number
  out?: string
  quick?: true
  render?: true
}

const usual = { rounds: 3, seconds: 2, saleRequests: 40_000 }
const quick = { rounds: 1, seconds: 1, saleRequests: 10_000 }

/** Users' tokens live for 15 minutes, and one load has one set of them. */
const longestSoakMinutes = 13

/**
 * The command, which hands what was asked for to `run`.
 * @param folder where the results of a whole run go: a part of them, or quick ones, must not take their place
 * @param peers the names that `--peer` may have
 */
export function createCommand(folder: string, peers: string[], run: (commandLine: CommandLine) => Promise<void>): Command {
  return new Command('bench')
    .description('Measures Holdfast beside its baselines on this machine; exit code 1 when counts do not add up.')
    .option('--rounds <n>', `every figure is the median of so many interleaved runs (${usual.rounds})`, positiveInteger)
    .option('--seconds <s>', `how long each measurement takes (${usual.seconds})`, positive)
    .option('--sale-requests <n>', `requests of the flash sale (${usual.saleRequests})`, positiveInteger)
    .option('--quick', 'one short round: a look at whether it works, no figures to keep')
    .option('--only <names>', 'only these scenarios, systems, or both, as "closed-300,grpc-*,holdfast/sale"', names)
    .option(
      '--peer <names>',
      `measure these as well: ${peers.join(', ')} (which is installed into a temporary folder)`,
      peerNames(peers),
    )
    .option('--soak <minutes>', `a load of so many minutes: does memory stay flat? (at most ${longestSoakMinutes})`, soakMinutes)
    .option('--out <folder>', 'where results go (default: docs/benchmarks; with --only or --quick nowhere)')
    .option('--render', 'measure nothing: make tables and charts again from results.json')
    .action(async (flags: Flags) => run(commandLineOf(flags, folder)))
}

export function commandLineOf(flags: Flags, folder: string): CommandLine {
  const base = flags.quick === true ? quick : usual
  const { rounds = base.rounds, seconds = base.seconds, saleRequests = base.saleRequests, only = [], peer = [], soak } = flags
  const whole = flags.quick !== true && only.length === 0
  const out = flags.out ?? (whole ? folder : undefined)
  return {
    rounds,
    seconds,
    saleRequests,
    only,
    peers: peer,
    ...(soak !== undefined && { soakMinutes: soak }),
    ...(out !== undefined && { out }),
    render: flags.render === true,
  }
}

/** Whether a measurement was asked for: by its scenario, its system, or both. @param only names, with `*` for anything */
export function isWanted(system: string, scenario: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((name) => [scenario, system, `${system}/${scenario}`].some((one) => fits(name, one)))
}

function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^\w/-]/g, ''))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is needed')
  return value
}

function positiveInteger(text: string): number {
  const value = positive(text)
  if (!Number.isInteger(value)) throw new InvalidArgumentError('a whole number is needed')
  return value
}

function soakMinutes(text: string): number {
  const value = positive(text)
  if (value > longestSoakMinutes) throw new InvalidArgumentError(`at most ${longestSoakMinutes} minutes: users' tokens end then`)
  return value
}

function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim())
  if (list.some((name) => name === '')) throw new InvalidArgumentError('names with commas between them are needed')
  return list
}

function peerNames(peers: string[]): (text: string) => string[] {
  return (text) => {
    const list = names(text)
    const unknown = list.find((name) => !peers.includes(name))
    if (unknown !== undefined) throw new InvalidArgumentError(`there is no peer ${unknown}, only ${peers.join(', ')}`)
    return list
  }
}
