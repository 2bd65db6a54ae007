/** `npm start`: the whole system on this machine, until Ctrl-C. */
import { mkdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'

import { fromEnvironment } from './from-environment'
import { endLeftoverServices } from './leftover-services'
import { isPortFree } from './ports'
import { claim, isClaim } from './running'
import { makeSamples } from './sample-catalogue'
import { runFolder, System, unlessAborted } from './system'
import { welcome } from './welcome'
import { workspaceRoot } from './workspace'

/** Something that the user can mend; told in one line. */
class StartProblem extends Error {}

const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const beganAt = performance.now()
  const settings = readSettings(process.env)
  const { dataFolder, host, port, notifications, demo } = settings
  const signal = whenStopAsked()
  await mkdir(dataFolder, { recursive: true })
  const claimed = await claim(dataFolder)
  if (!isClaim(claimed)) {
    const where = claimed.url === undefined ? '' : `, ${claimed.url}`
    throw new StartProblem(`Holdfast runs on ${dataFolder} already (process ${claimed.pid}${where})`)
  }
  let system: System | undefined
  try {
    await endLeftoverServices(runFolder(dataFolder))
    await checkPort(host, port)
    say(`Starting PostgreSQL and ${notifications ? 'six' : 'five'} services ...`)
    const onEvent = (line: string) => say(`  ${line}`)
    const started = await System.start({ dataFolder, host, port, usualGrpcPorts: true, notifications, demo, onEvent, signal })
    system = started
    // Where nobody logs in here there is no admin who could make them.
    const loginAt =
      fromEnvironment('LOCAL_USERS', process.env) === 'off' ? fromEnvironment('OIDC_ISSUER', process.env) : undefined
    if (loginAt === undefined) await unlessAborted(signal, async () => makeSamples(started.url, started.credentials))
    const eventLog = process.env.KAFKA_BROKERS ? undefined : started.databaseUrl('events')
    await claimed.announce({ url: started.url, grpc: started.grpc, eventLog })
    const seconds = (performance.now() - beganAt) / 1000
    const adminPassword = fromEnvironment('HOLDFAST_ADMIN_PASSWORD', process.env)
    const { KAFKA_BROKERS: brokers, RATE_LIMIT_PER_IP: addressLimit } = process.env
    say(
      welcome(started, {
        dataFolder,
        adminPasswordGiven: Boolean(adminPassword),
        seconds,
        addressLimitGiven: Boolean(addressLimit),
        brokers: brokers || undefined,
        loginAt,
      }),
    )
    await unlessAborted(signal, async () => new Promise(() => undefined))
  } catch (error) {
    if (!signal.aborted) throw error
    say('\nStopping ...')
  } finally {
    await system?.stop()
    await claimed.release()
  }
}

async function checkPort(host: string, port: number): Promise<void> {
  const free = await isPortFree(port, host).catch((error: Error) => {
    throw new StartProblem(`HOLDFAST_HOST, HOLDFAST_PORT: ${error.message}`)
  })
  if (!free) throw new StartProblem(`port ${port} on ${host} is in use: set HOLDFAST_PORT to another one`)
}

interface Settings {
  dataFolder: string
  host: string
  port: number
  notifications: boolean
  demo: boolean
}

function readSettings(env: NodeJS.ProcessEnv): Settings {
  const folder = env.HOLDFAST_DATA_DIR || '.holdfast'
  const port = env.HOLDFAST_PORT || '8080'
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new StartProblem(`HOLDFAST_PORT: must be a port from 1 to 65535, not ${port}`)
  }
  return {
    dataFolder: isAbsolute(folder) ? folder : join(workspaceRoot(), folder),
    host: env.HOLDFAST_HOST || '127.0.0.1',
    port: Number(port),
    notifications: isOn('NOTIFICATIONS', env, 'off'),
    demo: isOn('DEMO', env, 'on'),
  }
}

function isOn(name: string, env: NodeJS.ProcessEnv, usual: 'on' | 'off'): boolean {
  const value = env[name] || usual
  if (value !== 'on' && value !== 'off') throw new StartProblem(`${name}: must be on or off, not ${value}`)
  return value === 'on'
}

/** Aborted by Ctrl-C, by a stop from outside, or by the end of the process that started us. */
function whenStopAsked(): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.once('disconnect', stop)
  return controller.signal
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(error instanceof StartProblem ? `${message}\n` : `Holdfast could not start: ${message}\n`)
    process.exit(1)
  },
)
