import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type Credential, type DatabaseName, freePort, noLimits, workspaceRoot } from '@holdfast/launcher'
import { waitFor } from '@holdfast/testing'

import type { Shop } from '../shoppers'
import { mailbox } from './mailbox'

const run = promisify(execFile)

const parts = ['gateway', 'postgres', 'prometheus', 'grafana', 'jaeger'] as const
type Part = (typeof parts)[number]

export interface ComposeOptions {
  /** Everything of deploy/compose/full.env, and a mailbox. */
  full: boolean
  /** Where what is said over docker-compose.yml is written. */
  folder: string
}

/** The containers of docker-compose.yml under another name and at ports of their own, beside any that run already. */
export class Compose {
  /** Containers are nobody's children: whoever stops the trial would leave them behind. */
  private readonly endWithUs = (): void => {
    const { arguments: args, options } = this.command('--profile', '*', 'down', '--volumes', '--timeout', '1')
    spawnSync('docker', args, { ...options, stdio: 'ignore' })
  }

  private constructor(
    private readonly options: ComposeOptions,
    private readonly ports: Record<Part, number>,
  ) {
    process.once('exit', this.endWithUs)
  }

  static async prepare(options: ComposeOptions): Promise<Compose> {
    const ports = {} as Record<Part, number>
    for (const part of parts) ports[part] = await freePort()
    await writeFile(join(options.folder, 'over.json'), JSON.stringify(over(ports.postgres), null, 2))
    return new Compose(options, ports)
  }

  /** Where a part of it is reached from here. */
  url(part: Exclude<Part, 'postgres'>): string {
    return `http://127.0.0.1:${this.ports[part]}`
  }

  /**
   * `docker compose` with these arguments.
   * @returns its standard output
   * @throws where it fails, with what it said
   */
  async run(...args: string[]): Promise<string> {
    const { arguments: all, options } = this.command(...args)
    const { stdout } = await run('docker', all, { ...options, maxBuffer: 64 * 1024 * 1024 })
    return stdout
  }

  /** Ends it all, and forgets what was kept. */
  async end(): Promise<void> {
    process.off('exit', this.endWithUs)
    await this.run('--profile', '*', 'down', '--volumes', '--timeout', '30')
  }

  private command(...args: string[]): { arguments: string[]; options: { cwd: string; env: NodeJS.ProcessEnv } } {
    const { full, folder } = this.options
    const files = ['--file', 'docker-compose.yml', '--file', join(folder, 'over.json')]
    const environment = full ? ['--env-file', 'deploy/compose/full.env'] : []
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOLDFAST_PORT: String(this.ports.gateway),
      PROMETHEUS_PORT: String(this.ports.prometheus),
      GRAFANA_PORT: String(this.ports.grafana),
      JAEGER_PORT: String(this.ports.jaeger),
      ...(full ? { COMPOSE_PROFILES: 'full,mailbox', SMTP_URL: mailbox.url, MAIL_FROM: 'Shop <shop@shop.example>' } : {}),
    }
    const project = ['compose', '--project-name', 'holdfast-trial', ...files, ...environment]
    return { arguments: [...project, ...args], options: { cwd: workspaceRoot(), env } }
  }

  /** What a script prints that Node runs in a container of this service; the first of them, or another. */
  async script(service: string, text: string, index = 1): Promise<string> {
    return (await this.run('exec', '-T', '--index', String(index), service, 'node', '--eval', text)).trim()
  }

  /** The metrics of one container of a service. */
  async metrics(service: string, index = 1): Promise<string> {
    const url = 'http://127.0.0.1:9464/metrics'
    return this.script(service, `fetch('${url}').then(async (reply) => console.log(await reply.text()))`, index)
  }

  /** What Docker knows of the container of a service, by a template of `docker inspect`. */
  async inspect(service: string, template: string): Promise<string> {
    const id = (await this.run('ps', '--all', '--quiet', service)).trim()
    return (await run('docker', ['inspect', '--format', template, id])).stdout.trim()
  }

  /** SIGKILL from outside, which `docker kill` is not: what that ends is not started again. */
  async kill(service: string): Promise<void> {
    const pid = await this.inspect(service, '{{.State.Pid}}')
    const image = await this.inspect('gateway', '{{.Config.Image}}')
    const rights = ['--pid', 'host', '--user', '0:0', '--cap-drop', 'ALL', '--cap-add', 'KILL', '--network', 'none']
    await run('docker', ['run', '--rm', ...rights, image, '--eval', `process.kill(${pid}, 'SIGKILL')`])
  }

  /** Until Docker has started the container of a service anew, and finds it well. */
  async untilBack(service: string, restarts: number, timeoutMs: number): Promise<void> {
    const state = async () => this.inspect(service, '{{.RestartCount}} {{.State.Health.Status}}')
    await waitFor(async () => (await state()) === `${restarts} healthy`, { what: `${service} to be back`, timeoutMs })
  }

  /** The running system, as shoppers and checks need it. */
  async shop(): Promise<Shop> {
    const secret = async (service: string, variable: string) =>
      this.script(service, `console.log(fs.readFileSync('/run/holdfast/${variable}', 'utf8'))`)
    const admin: Credential = {
      email: await secret('gateway', 'HOLDFAST_ADMIN_EMAIL'),
      password: await secret('gateway', 'HOLDFAST_ADMIN_PASSWORD'),
    }
    const urls = new Map<DatabaseName, string>()
    for (const name of ['order', 'audit'] as const) {
      const url = new URL(await secret(name, 'DATABASE_URL'))
      url.host = `127.0.0.1:${this.ports.postgres}`
      urls.set(name, url.href)
    }
    return { url: this.url('gateway'), credentials: { admin }, databaseUrl: (name) => urls.get(name) ?? '' }
  }
}

/** What is said over docker-compose.yml: checks ask the databases, and one shopper asks more often than a person does. */
function over(postgresPort: number): object {
  const limited = { environment: noLimits }
  return {
    services: {
      postgres: { ports: [`127.0.0.1:${postgresPort}:5432`] },
      gateway: limited,
      reservation: limited,
      mailbox: mailbox.container,
    },
  }
}
