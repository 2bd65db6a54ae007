/** `npm run trial`: what happens beyond one machine, tried on this one with several processes. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Command, Option } from 'commander'

import { tryContainers } from './containers/trial'
import { tryDistance } from './distance/trial'
import { Facts } from './facts'
import { tryKafka } from './kafka/trial'
import type { Loss } from './postgres/cluster'
import { tryPostgres } from './postgres/trial'
import { tryRedis } from './redis/trial'
import { tryBackup } from './restore/backup'
import { tryDumps } from './restore/dumps'
import { tryRecovery } from './restore/recovery'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** @param work has a folder of its own, which stays where something was wrong: the logs are there */
async function attempt(work: (folder: string, facts: Facts) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-trial-'))
  // Servers of another user have theirs in it.
  await chmod(folder, 0o755)
  const facts = new Facts(say)
  let done = false
  try {
    await work(folder, facts)
    done = facts.allRight
  } finally {
    if (done) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    else say(`logs: ${folder}`)
  }
  if (!done) process.exitCode = 1
}

const program = new Command('trial').description(
  'Breaks what Holdfast stands on, under load, and looks at what is left; exit code 1 when something is lost.',
)

program
  .command('postgres')
  .description('loses the primary of a pair with synchronous replication, behind HAProxy')
  .option('--patroni', 'Patroni and etcd decide, and not a watch of our own')
  .addOption(new Option('--loss <how>', 'what becomes of the primary').choices(['kill', 'hang']).default('kill'))
  .action(async ({ patroni = false, loss }: { patroni?: boolean; loss: Loss }) =>
    attempt(async (folder, facts) => tryPostgres({ patroni, loss }, folder, facts)),
  )

program
  .command('kafka')
  .description('kills one of three brokers; needs Java 17 and Maven')
  .action(async () => attempt(tryKafka))

program
  .command('redis')
  .description('kills the master that three sentinels watch; needs redis-server')
  .action(async () => attempt(tryRedis))

program
  .command('backup')
  .description('backs a running system up, and starts a copy of that')
  .action(async () => attempt(tryBackup))

program
  .command('recovery')
  .description('takes a server back to a moment, by pg_basebackup and an archive of its write-ahead log')
  .action(async () => attempt(tryRecovery))

program
  .command('dumps')
  .description('dumps one database after the other, and looks at what the services then disagree about')
  .action(async () => attempt(tryDumps))

program
  .command('containers')
  .description('builds the image, starts docker-compose.yml, kills its containers; needs Docker with Compose')
  .option('--full', 'with all that deploy/compose/full.env adds')
  .action(async ({ full = false }: { full?: boolean }) =>
    attempt(async (folder, facts) => tryContainers({ full }, folder, facts)),
  )

program
  .command('distance')
  .description('puts services, then databases, far away, and counts round trips')
  .action(async () => attempt(tryDistance))

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

program.parseAsync().then(
  // Whoever still waits waits for something that was lost.
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
