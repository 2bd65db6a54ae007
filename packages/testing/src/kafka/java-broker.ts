import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from '@holdfast/launcher'

import type { KafkaBroker } from './broker'
import { kafkaClassPath } from './jars'

export interface JavaBrokerOptions {
  /** Data, settings and the log; made if it is not there. */
  folder: string
  /** A free one if not given. */
  port?: number
  /** For what controllers say to one another; a free one if not given. */
  controllerPort?: number
  /** Of a cluster whose other brokers have the same; one of its own if not given. */
  clusterId?: string
  /** How long it may take until it serves, in ms; 60,000. */
  startTimeoutMs?: number
  /** Server properties over the usual ones. */
  properties?: Record<string, string>
  /** Users that are known from the first start on, as the storage tool takes them: `SCRAM-SHA-256=[name=…,password=…]`. */
  scramUsers?: readonly string[]
}

const heap = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
/** Warnings, and the one line that says that it serves. */
const logging = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
]
const readyLine = 'Kafka Server started'
const usualStartTimeoutMs = 60_000

/** Apache Kafka in KRaft mode, broker and controller in one Java process. */
export class JavaBroker implements KafkaBroker {
  #process: ChildProcess | undefined

  private constructor(
    readonly brokers: string,
    private readonly classPath: string,
    private readonly folder: string,
    private readonly startTimeoutMs = usualStartTimeoutMs,
  ) {}

  static async start(options: JavaBrokerOptions): Promise<JavaBroker> {
    const { folder, port = await freePort(), controllerPort = await freePort(), properties, scramUsers = [] } = options
    const classPath = await kafkaClassPath()
    await mkdir(folder, { recursive: true })
    const broker = new JavaBroker(`127.0.0.1:${port}`, classPath, folder, options.startTimeoutMs)
    const settings = { ...serverProperties(port, controllerPort, join(folder, 'data')), ...properties }
    await writeFile(
      broker.#settingsFile,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    if (!existsSync(join(folder, 'data'))) await broker.#format(options.clusterId ?? newClusterId(), scramUsers)
    await broker.start()
    return broker
  }

  async start(): Promise<void> {
    const child = spawn('java', [...heap, ...logging, '-cp', this.classPath, 'kafka.Kafka', this.#settingsFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    const endWithUs = () => child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('exit', () => process.off('exit', endWithUs))
    const giveUp = AbortSignal.timeout(this.startTimeoutMs)
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        if (chunk.includes(readyLine)) resolve()
        void appendFile(this.#logFile, chunk)
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('error', reject)
      child.once('exit', () => reject(new Error('Kafka ended while it started')))
      giveUp.addEventListener('abort', () => reject(new Error('Kafka did not start in time')))
    }).catch(async (error: unknown) => {
      child.kill('SIGKILL')
      throw new Error(`${String(error)}\n${await this.#lastLog()}`, { cause: error })
    })
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async #format(clusterId: string, scramUsers: readonly string[]): Promise<void> {
    const tool = async (...args: string[]) =>
      promisify(execFile)('java', ['-Xmx128m', '-cp', this.classPath, 'kafka.tools.StorageTool', ...args])
    // In one word: an id may begin with a dash.
    await tool(
      'format',
      `--cluster-id=${clusterId}`,
      '--config',
      this.#settingsFile,
      ...scramUsers.flatMap((user) => ['--add-scram', user]),
    )
  }

  get #settingsFile(): string {
    return join(this.folder, 'server.properties')
  }

  get #logFile(): string {
    return join(this.folder, 'kafka.log')
  }

  async #lastLog(): Promise<string> {
    return (await readFile(this.#logFile, 'utf8').catch(() => '')).slice(-2_000)
  }
}

export function newClusterId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
}

/** For one node and short waits; topics are only made by who asks for them. */
function serverProperties(port: number, controllerPort: number, dataFolder: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // One that was killed may come back at once.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
  }
}
