import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { backoff } from './backoff'
import type { ServicePid } from './leftover-services'

export interface ServiceProcessOptions {
  name: string
  /** The program's main file. */
  main: string
  logFile: string
  /** There while the process is. */
  pidFile: string
  env: Record<string, string>
  /** Whether a crash is followed by another start. */
  restartCrashed: boolean
  /** Told each crash and each restart, in one line. */
  onEvent: (line: string) => void
}

/** What a service says over its channel once it serves. */
interface ReadyMessage {
  type: 'ready'
}

/** A service that had time to finish and did not is ended for good after this, in ms. A little more than it takes itself. */
const stopTimeoutMs = 20_000

const largestLog = 10_000_000

/** One service as a process of its own: started, watched, started again when it crashes, stopped. */
export class ServiceProcess {
  private child: ChildProcess | undefined
  private ready: Promise<void> = Promise.resolve()
  private wanted = false
  /** One that never served is a failed start, not a crash. */
  private served = false
  private restartTimer: NodeJS.Timeout | undefined
  private readonly pauses = backoff({ firstMs: 200, longestMs: 5_000, steadyMs: 30_000 })

  private main: string

  constructor(private readonly options: ServiceProcessOptions) {
    this.main = options.main
  }

  get logFile(): string {
    return this.options.logFile
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  /**
   * @param moreEnv goes over the environment it was given
   * @param main another program in the place of the one it was, from now on: its main file
   * @returns once the service says that it serves; refuses when it ends before
   */
  async start(moreEnv: Record<string, string> = {}, main = this.main): Promise<void> {
    if (this.child !== undefined) return this.ready
    this.main = main
    Object.assign(this.options.env, moreEnv)
    this.wanted = true
    this.run()
    return this.ready
  }

  /** Lets it finish what is under way. */
  async stop(): Promise<void> {
    this.wanted = false
    clearTimeout(this.restartTimer)
    const { child } = this
    if (child === undefined) return
    const ended = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    // The channel that closes is the sign to stop, on every platform; it is also what a killed launcher leaves behind.
    if (child.connected) child.disconnect()
    await ended
    clearTimeout(timer)
  }

  /**
   * Sends a signal, as someone from outside would, and waits for the end if the signal is one that ends it.
   * @returns its exit code; undefined where it goes on, was not there, or the signal itself ended it
   */
  async kill(signal: NodeJS.Signals): Promise<number | undefined> {
    const { child } = this
    if (child === undefined) return undefined
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
      child.kill(signal)
      return undefined
    }
    const ended = once(child, 'exit')
    child.kill(signal)
    const [code] = (await ended) as [number | null]
    return code ?? undefined
  }

  private run(): void {
    const { main } = this
    const { name, logFile, pidFile, env } = this.options
    const log = openLog(logFile)
    const logStart = statSync(logFile).size
    const child = fork(main, [], {
      // A process group of its own: Ctrl-C is the launcher's to handle, which stops the services in order.
      detached: process.platform !== 'win32',
      stdio: ['ignore', log, log, 'ipc'],
      env,
      execArgv: ['--enable-source-maps'],
    })
    closeSync(log)
    this.child = child
    if (child.pid !== undefined) writePidFile(pidFile, { pid: child.pid, main })
    this.pauses.started()
    this.ready = becomesReady(child, () => `${name} could not start (${logFile}):\n${tail(logFile, logStart)}`)
    this.ready.then(
      () => {
        this.served = true
      },
      () => undefined,
    )
    child.once('exit', (code, signal) => {
      this.child = undefined
      rmSync(pidFile, { force: true })
      if (this.wanted && this.served) this.crashed(signal ?? `exit code ${code}`)
    })
  }

  private crashed(how: string): void {
    const { name, logFile, restartCrashed, onEvent } = this.options
    if (!restartCrashed) return
    const pauseMs = this.pauses.next()
    onEvent(`${name} ended (${how}); starting it again in ${pauseMs / 1000} s. Its log: ${logFile}`)
    this.restartTimer = setTimeout(() => {
      this.run()
      this.ready.then(
        () => onEvent(`${name} serves again`),
        () => undefined,
      )
    }, pauseMs)
  }
}

async function becomesReady(child: ChildProcess, explain: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if ((message as Partial<ReadyMessage> | null)?.type === 'ready') resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(explain())))
  })
}

function writePidFile(file: string, content: ServicePid): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(content))
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > largestLog) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

function tail(file: string, from: number): string {
  return readFileSync(file).subarray(from).toString('utf8').trim().split('\n').slice(-12).join('\n')
}
