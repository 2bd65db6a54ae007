import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

export interface ProgramOptions {
  /** For people, as `HAProxy`. */
  name: string
  command: readonly string[]
  logFile: string
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
}

/** A program beside us, with everything that it has started; it ends with us at the latest. */
export class Program {
  readonly ended: Promise<void>
  private readonly endWithUs = (): void => this.signal('SIGKILL')

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    process.once('exit', this.endWithUs)
    this.ended = once(child, 'exit').then(() => void process.off('exit', this.endWithUs))
  }

  /** @throws when it can't be run at all */
  static async start({ name, command, logFile, env = process.env, uid, gid }: ProgramOptions): Promise<Program> {
    const [file = '', ...args] = command
    const log = openSync(logFile, 'a')
    try {
      const child = spawn(file, args, { stdio: ['ignore', log, log], env, uid, gid })
      await once(child, 'spawn')
      return new Program(name, child, logFile)
    } catch (error) {
      throw new Error(`${name} could not be run`, { cause: error })
    } finally {
      closeSync(log)
    }
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** To it and to all that it has started, as when the machine that they are on has gone. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning || this.child.pid === undefined) return
    // One that is stopped first starts no more of them meanwhile.
    send(this.child.pid, 'SIGSTOP')
    const all = [...descendants(this.child.pid), this.child.pid]
    for (const pid of all) send(pid, signal)
    if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') send(this.child.pid, 'SIGCONT')
  }

  async kill(): Promise<void> {
    if (!this.isRunning) return
    this.signal('SIGKILL')
    await this.ended
  }

  /** Asks it alone to end, and waits. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 20_000): Promise<void> {
    if (!this.isRunning) return
    this.child.kill(signal)
    const timer = setTimeout(() => this.signal('SIGKILL'), patienceMs)
    await this.ended
    clearTimeout(timer)
  }

  lastLog(): string {
    return readFileSync(this.logFile, 'utf8').slice(-2_000)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

function descendants(pid: number): number[] {
  const children = childrenOf(pid)
  return [...children.flatMap(descendants), ...children]
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}
