/** What has to be there before a system of several machines or containers can start: keys, passwords, databases. */
import { Command, InvalidArgumentError } from 'commander'

import { makeDatabases } from './databases'
import { kubernetesSecrets } from './kubernetes-secrets'
import { makeSecrets, readDatabaseUrls, readSecrets, superuserFolder } from './secrets'

const say = (line: string) => void process.stdout.write(`${line}\n`)

const program = new Command('deployment').description('What has to be there before Holdfast is started by containers.')

program
  .command('secrets')
  .description('makes what is missing of keys and passwords, in files that their owner alone can read')
  .argument('<folder>')
  .option('--postgres <host:port>', 'where PostgreSQL will be', 'postgres:5432')
  .option('--admin-email <email>', 'of the first admin', 'admin@holdfast.example')
  .option('--owner <id>', "user id that the services' files are given to", wholeNumber)
  .action(async (folder: string, options: { postgres: string; adminEmail: string; owner?: number }) => {
    await makeSecrets({ folder, ...options })
    say(`keys and passwords are in ${folder}`)
  })

program
  .command('databases')
  .description("makes each service's role and database, with the passwords of `secrets`")
  .argument('<folder>', 'of `secrets`')
  .option('--postgres <host:port>', 'where PostgreSQL is', 'postgres:5432')
  .option('--superuser <name>', 'its password: POSTGRES_PASSWORD, else that of `secrets`', 'postgres')
  .action(async (folder: string, { postgres, superuser }: { postgres: string; superuser: string }) => {
    const kept = await readSecrets(folder, superuserFolder)
    const password = encodeURIComponent(process.env.POSTGRES_PASSWORD || (kept.POSTGRES_PASSWORD ?? ''))
    const urls = Object.values(await readDatabaseUrls(folder))
    await makeDatabases(`postgres://${encodeURIComponent(superuser)}:${password}@${postgres}/postgres`, urls)
    say(`${urls.length} databases are there`)
  })

program
  .command('kubernetes-secrets')
  .description('the Secrets for `kubectl apply -f -`, on standard output')
  .argument('<folder>', 'of `secrets`')
  .action(async (folder: string) => say(JSON.stringify(await kubernetesSecrets(folder), null, 2)))

program
  .command('admin')
  .description("the first admin's e-mail and password as variables, on standard output")
  .argument('<folder>', 'of `secrets`')
  .action(async (folder: string) => {
    const { HOLDFAST_ADMIN_EMAIL: email, HOLDFAST_ADMIN_PASSWORD: password } = await readSecrets(folder, 'gateway')
    say(`HOLDFAST_ADMIN_EMAIL=${email}\nHOLDFAST_ADMIN_PASSWORD=${password}`)
  })

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
