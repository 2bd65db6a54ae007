import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { workspaceRoot } from '@holdfast/launcher'
import { Command, InvalidArgumentError } from 'commander'

import { type FaultKind, faultKinds } from './faults/fault'
import { report } from './report'
import { missing } from './surroundings'
import { survive } from './survive'

interface Flags {
  seed?: number
  minutes: number
  faults: FaultKind[]
  clients: number
  folder?: string
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(flags: Flags): Promise<void> {
  const { minutes, clients, seed = randomInt(1, 2 ** 31) } = flags
  const leftOut = missing(flags.faults)
  for (const [kind, reason] of leftOut) say(`LEFT OUT: ${kind}, since ${reason}`)
  const kinds = flags.faults.filter((kind) => !leftOut.has(kind))
  const folder = flags.folder ?? join(workspaceRoot(), '.holdfast', 'survival', `seed-${seed}`)
  await rm(folder, { recursive: true, force: true })
  const again = `npm run survive -- --seed ${seed} --minutes ${minutes} --clients ${clients} --faults ${kinds.join(',')}`
  say(again)
  const survival = await survive({ seed, lengthMs: minutes * 60_000, kinds, clients, folder, say })
  for (const line of report(survival)) say(line)
  say(`schedule, history and logs: ${folder}`)
  say(survival.survived ? 'SURVIVED' : `DID NOT SURVIVE; again: ${again}`)
  if (!survival.survived) process.exitCode = 1
}

new Command('survive')
  .description(
    'Lets clients shop while a seeded schedule of faults goes on, then checks that every promise was kept; exit code 1 when not.',
  )
  .option('--seed <n>', 'the same number: the same faults at the same times, and the same wishes of the clients', wholeNumber)
  .option('--minutes <n>', 'how long things go wrong', positive, 3)
  .option('--faults <kinds>', 'only these, with commas', kindsOf, [...faultKinds])
  .option('--clients <n>', 'shoppers at once', wholeNumber, 8)
  .option('--folder <path>', 'where data, logs, schedule and history go; emptied first (default: .holdfast/survival/seed-N)')
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  })

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = faultKinds.find((one) => one === name.trim())
    if (kind === undefined) throw new InvalidArgumentError(`has to be of ${faultKinds.join(', ')}`)
    return kind
  })
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('has to be a whole number above 0')
  return Number(text)
}

function positive(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('has to be a number above 0')
  return Number(text)
}
