/** The system as a whole. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { workspaceRoot } from '@holdfast/launcher'

import { keyOption, wholeCount } from '../call'
import type { Cli } from '../cli'
import { readHealth } from '../health'
import { CliProblem } from '../problem'
import { sendRaw } from '../raw'
import { differenceView } from '../views'

export function health(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('health')
    .description('whether each service answers; exit code 5 when one that is needed does not')
    .action(
      cli.run(async ({ url, out, signal }) => {
        const answer = await readHealth(url, signal)
        if (!answer.ready) cli.exitCode = 5
        const parts = Object.entries(answer.parts)
        await out.list(answer, parts, {
          id: ([name]) => name,
          columns: {
            part: ([name]) => name,
            state: ([name, text]) => ({ text, tone: text === 'ok' ? 'good' : answer.missing.includes(name) ? 'bad' : 'faint' }),
          },
        })
        out.note(answer.ready ? `Holdfast at ${url} is ready.` : `Holdfast at ${url} is not ready.`)
      }),
    )
}

export function consistency(program: CommandUnknownOpts, cli: Cli): void {
  const family = program
    .command('consistency')
    .description('recomputes the books of all services, and names each difference; exit code 1 when there is one (admins)')
    .option('--archived', 'goes through what was archived, too')
    .action(
      cli.run(async ({ client, out }, options) => {
        const answer = await client.checkConsistency(options, { timeoutMs: 600_000 })
        if (!answer.consistent) cli.exitCode = 1
        const checked = Object.entries(answer.checked).map(([kind, count]) => `${kind} ${count}`)
        await out.list(answer, answer.differences, differenceView, 'The books balance.')
        out.note(`Looked at: ${checked.join(', ')}`)
      }),
    )
  family
    .command('repair')
    .description('mends one difference, where the other rows leave no doubt of it (admins)')
    .argument('<kind>', 'as it was named')
    .argument('<id>', 'as it was named')
    .addOption(keyOption())
    .action(
      cli.run(async ({ client, out }, kind, id) => {
        const answer = await client.repairConsistency({ kind, id })
        await out.one(answer, answer.difference, differenceView)
      }),
    )
}

export function demo(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('demo')
    .description(
      '100 shoppers race for 3 cameras, then a real day of a shop is sold to the last unit; exit code 1 when a number is off (admins)',
    )
    .option('--warehouses', 'the day over three warehouses instead, with sets, late stock and shoppers who change their minds')
    .option('--baskets <count>', 'only so many of its baskets', wholeCount)
    .action(
      cli.run(async ({ url, session }, options) => {
        const { demo: play } = await import('../demo/demo.js')
        if (!(await play({ url, admin: session.tokens }, options))) cli.exitCode = 1
      }),
    )
}

export function bench(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('bench')
    .description(
      'measures Holdfast on this machine beside its baselines, in systems of its own: see "bench --help" for what it takes',
    )
    .argument('[args...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args) => {
      const main = join(workspaceRoot(), 'packages', 'bench', 'dist', 'src', 'main.js')
      if (!existsSync(main)) throw new CliProblem('the benchmark is part of the workspace, and not here', 'usage')
      const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit', env: cli.env })
      const [code] = (await once(child, 'close')) as [number | null]
      cli.exitCode = code ?? 130
    })
}

export function api(program: CommandUnknownOpts, cli: Cli): void {
  program
    .command('api')
    .description('any request, as who is signed in: what the system answers, as it is')
    .argument('<method>', 'as GET')
    .argument('<path>', 'as /v1/products?pageSize=3')
    .option('-d, --data <json>', 'the body; @FILE: of a file, @-: of standard input')
    .option('-H, --header <line>', 'as "If-Match: 3", several times', (line: string, before?: string[]) => [
      ...(before ?? []),
      line,
    ])
    .option('-i, --include', 'the status and the headers before it')
    .addOption(keyOption())
    .action(
      cli.run(async (call, method, path, options, command) => {
        const { key } = command.opts()
        await sendRaw(call, { method, path, key, ...options })
      }),
    )
}
