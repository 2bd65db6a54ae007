/** Who the commands are. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { type Client, createClient, HoldfastApiError } from '@holdfast/client'

import { allOption, keyOption, limitOption } from '../call'
import type { Cli } from '../cli'
import { pageOptions } from '../output'
import { CliProblem } from '../problem'
import { askEmail, askPassword } from '../ask'
import { savedLogins, toLogin } from '../session'
import type { Login } from '../token-store'
import { userView } from '../views'

interface LoginOptions {
  email?: string
  passwordStdin?: true
}

const emailOption = () => new Option('--email <address>', 'asked for on a terminal when it is missing')
const stdinOption = () =>
  new Option('--password-stdin', 'the password comes on standard input; else it is that of HOLDFAST_PASSWORD, or asked for')

export function login(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('login')
    .description(
      'signs in at this address, until "logout"; tokens are kept in your configuration folder, where only you may read them',
    )
    .addOption(emailOption())
    .addOption(stdinOption())
    .action(
      cli.run(async (call, options) => {
        const credential = await askCredential(cli, options)
        const answer = await createClient({ url: call.url }).login(credential)
        const login = await savedLogins(cli.env).update(call.url, async () => toLogin(answer))
        await call.out.say(
          { user: answer.user, requestId: answer.requestId },
          `Signed in at ${call.url} as ${login?.email} (${login?.role}).`,
        )
      }),
    )
}

export function register(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('register')
    .description('makes a user, and signs in')
    .addOption(emailOption())
    .addOption(stdinOption())
    .addOption(keyOption())
    .action(
      cli.run(async (call, options) => {
        const answer = await call.client.register(await askCredential(cli, options))
        await savedLogins(cli.env).update(call.url, async () => toLogin(answer))
        await call.out.say(
          { user: answer.user, requestId: answer.requestId },
          `Registered and signed in at ${call.url} as ${answer.user?.email}.`,
        )
      }),
    )
}

export function logout(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('logout')
    .description('ends the session at this address')
    .option('--everywhere', 'and every other session of this user')
    .action(
      cli.run(async ({ url, client, out }, { everywhere }) => {
        const store = savedLogins(cli.env)
        const login = await store.get(url)
        if (login === undefined) throw new CliProblem(`nobody is signed in at ${url}`, 'signIn')
        const answer = everywhere === true ? await client.logoutEverywhere({}) : await ended(client, login)
        await store.update(url, async () => undefined)
        await out.say(answer, `Signed out at ${url}.`)
      }),
    )
}

export function whoami(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('whoami')
    .description('who the commands are at this address, and why')
    .action(
      cli.run(async ({ url, session, client, out }) => {
        const answer = await client.getMe({})
        await out.one(answer, answer.user, userView)
        out.note(`At ${url} ${session.who}.`)
      }),
    )
}

export function users(program: CommandUnknownOpts, cli: Cli): void {
  const roles = ['USER', 'ADMIN'] as const
  const family = program
    .command('users')
    .description('users by e-mail address (admins)')
    .addOption(new Option('--role <role>', 'only these').choices(roles))
    .option('--email <address>', 'the one with this address')
    .addOption(limitOption())
    .addOption(allOption())
    .action(
      cli.run(async ({ client, out }, { role, email, ...options }) =>
        out.pages(
          pageOptions(options),
          async (page) => client.listUsers({ role, email, ...page }),
          (answer) => answer.users,
          userView,
        ),
      ),
    )
  family
    .command('role')
    .description('gives a user another role (admins)')
    .argument('<id>')
    .addArgument(family.createArgument('<role>', '').choices(roles))
    .action(
      cli.run(async ({ client, out }, id, role) => {
        const answer = await client.updateUser({ id, role })
        await out.one(answer, answer.user, userView)
      }),
    )
}

/** A session that the system does not know any more is over as well. */
async function ended(client: Client, { refreshToken }: Login): Promise<object> {
  try {
    return await client.logout({ refreshToken })
  } catch (error) {
    if (error instanceof HoldfastApiError && error.status === 401) return {}
    throw error
  }
}

async function askCredential(
  { env, signal }: Cli,
  { email, passwordStdin }: LoginOptions,
): Promise<{ email: string; password: string }> {
  return { email: email ?? (await askEmail(signal)), password: await askPassword(passwordStdin === true, env, signal) }
}
