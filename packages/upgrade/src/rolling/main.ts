/** `npm run rolling`: whether an earlier release can be upgraded to this state of the repository while people buy. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { serviceMain, workspaceRoot } from '@holdfast/launcher'
import { Command } from 'commander'

import { buildEarlier, newestRelease } from './earlier'
import { rehearse } from './rehearse'

interface Flags {
  from?: string
  restarts: boolean
  back?: boolean
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function rolling({ from, back = false, restarts }: Flags): Promise<void> {
  const root = workspaceRoot()
  const ref = from ?? newestRelease(root)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-rolling-'))
  // PostgreSQL's user has to come by where root runs this.
  await chmod(folder, 0o755)
  say(`${ref} is built in ${folder}.`)
  const earlier = await buildEarlier(root, join(folder, 'earlier'), ref).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    throw error
  })
  for (const file of earlier.changedSince) say(`${file} has been changed since ${ref}: its databases keep the one that they ran.`)
  const dataFolder = join(folder, 'data')
  const wrong = await rehearse({ back, restarts, root, dataFolder, earlier: earlier.mainOf, later: serviceMain, say })
    .catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    .finally(earlier.remove)
  for (const line of wrong) say(line)
  if (wrong.length > 0) throw new Error(`It went wrong. Logs: ${join(dataFolder, 'logs')}`)
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  say(`From ${ref} to here${back ? ' and back' : ''}: no call failed, nothing that was told is lost, all books balance.`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

new Command('rolling')
  .description(
    'Starts a system of an earlier release, two processes of each service, and upgrades it under load to what is here: the schema, then one process after the other; exit code 1 when a call fails or something is lost.',
  )
  .option('--from <ref>', 'what is upgraded: a tag, a commit (default: the newest release)')
  .option('--back', 'then puts the earlier processes in the places of the later ones')
  .option('--no-restarts', 'starts no earlier process again on the later schema')
  .action(rolling)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
